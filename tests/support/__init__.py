"""What several tests share: a moto server and a place in it, generated log files, the restored record."""
