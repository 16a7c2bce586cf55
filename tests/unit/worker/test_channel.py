"""The worker's end of its socket."""

import socket
from collections.abc import Iterator

import pytest

from ingester.model.frames import Beat, Drain, Flush, encode_frame, read_by_supervisor
from ingester.worker.channel import Channel, SupervisorGoneError


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, Channel]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Channel(theirs)


def test_frames_are_received_as_they_arrive(sockets: tuple[socket.socket, Channel]) -> None:
    ours, channel = sockets
    wire = encode_frame(Flush()) + encode_frame(Drain())
    assert channel.receive(0) == []
    ours.sendall(wire[:-1])
    assert channel.receive(10) == [Flush()]
    assert channel.receive(0) == []
    ours.sendall(wire[-1:])
    assert channel.receive(10) == [Drain()]


def test_frames_are_sent_whole(sockets: tuple[socket.socket, Channel]) -> None:
    ours, channel = sockets
    channel.send(Beat(jobs_welcome=16))
    channel.send(Beat(jobs_welcome=17))

    assert read_by_supervisor().feed(ours.recv(1 << 16)) == [Beat(jobs_welcome=16), Beat(jobs_welcome=17)]


def test_a_supervisor_that_is_gone_is_noticed_when_receiving(sockets: tuple[socket.socket, Channel]) -> None:
    ours, channel = sockets
    ours.close()

    with pytest.raises(SupervisorGoneError):
        channel.receive(10)


def test_a_supervisor_that_is_gone_is_noticed_when_sending(sockets: tuple[socket.socket, Channel]) -> None:
    ours, channel = sockets
    ours.close()

    with pytest.raises(SupervisorGoneError):
        channel.send(Beat(jobs_welcome=1))
    with pytest.raises(SupervisorGoneError):
        channel.receive(0)


def test_frames_that_arrived_before_the_supervisor_went_are_not_obeyed_in_halves(
    sockets: tuple[socket.socket, Channel],
) -> None:
    ours, channel = sockets
    ours.sendall(encode_frame(Flush()) + encode_frame(Drain())[:-1])
    ours.close()

    assert channel.receive(10) == [Flush()]
    with pytest.raises(SupervisorGoneError):
        channel.receive(10)
