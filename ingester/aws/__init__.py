"""Shared by the rooms that talk to AWS: boto3 clients made in one way, signed POSTs where boto3 costs too much, and
AWS's errors in plain sentences.

In: settings, and exceptions of boto3. Out: clients, and what an operator is told. Runs in every process; clients
are made in the process that uses them. It knows botocore, boto3 and urllib3; `sns_certificate` alone downloads
without them.
"""
