"""How somebody stands, live: the program, and somebody who watches, asks, and opens the page."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.live.browser import Browser
from tests.live.client import Client
from tests.live.needs import needs
from tests.live.program import free_port
from tests.pipeline.running import Launcher, launched
from tests.workers.bitmaps import bitmap, jpeg
from tests.workers.people import folder, needs_people

pytestmark = [needs_people(), pytest.mark.timeout(120)]
RED = (255, 40, 40)
SETTINGS = """
job: {{kind: pose}}
sinks: [web]
web: {{port: {port}, quality: 100}}
capture: {{source: image}}
image: {{path: {picture}}}
pose: {{model: {model}, json: {lines}}}
"""


class Room:
    """A running program, its settings file, and its port."""

    def __init__(self, launcher: Launcher, file: Path, port: int) -> None:
        self.launcher, self.file, self.port = launcher, file, port

    @property
    def lines(self) -> Path:
        return self.file.with_name("poses.jsonl")

    def write(self, model: str) -> None:
        picture = folder() / "astronaut.png"
        self.file.write_text(SETTINGS.format(port=self.port, picture=picture, model=model, lines=self.lines))

    def asked(self, file: bytes, people: str = "1", **headers: str) -> tuple[int, str, bytes]:
        """Status, kind and body of the answer to POST /pose."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", f"/pose?people={people}", file, {"X-Stereoring": "1"} | headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()

    def said(self, file: bytes, people: str = "1", **headers: str) -> tuple[int, Any]:
        """Where the answer is JSON."""
        status, kind, body = self.asked(file, people, **headers)
        assert kind.startswith("application/json")
        return status, json.loads(body)


def astronaut() -> bytes:
    return (folder() / "astronaut.png").read_bytes()


def png(pixels: np.ndarray) -> bytes:  # type: ignore[type-arg]
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    place, port = tmp_path_factory.mktemp("pose"), free_port()
    file = place / "mine.yaml"
    room = Room(None, file, port)  # type: ignore[arg-type]
    room.write("pose-full")
    with launched(place, file=file, ready=False) as room.launcher:
        room.launcher.until_running("capture", "pose", "compose", "web")
        yield room


def joints(picture: np.ndarray) -> int:  # type: ignore[type-arg]
    """Pixels in the colour of joints, in the face, where nothing else is red."""
    face = picture[80:160, 180:270].astype(int)
    return int((np.abs(face - RED).max(axis=2) < 60).sum())


def test_joints_are_drawn_where_the_face_is(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints in the face")


def test_the_network_changes_and_dies_while_somebody_watches_and_nobody_is_cut_off(room: Room) -> None:
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints")
        room.write("pose-lite")
        room.launcher.until_logged("pose.model is now pose-lite")
        before = room.launcher.restarts()
        os.kill(room.launcher.pids()["pose"], signal.SIGKILL)
        room.launcher.until_restarted("pose", before)
        room.launcher.until_logged("pose-lite and pose-detection, licence")
        assert client.connections == 1
    with Client.watching(room.port) as client:
        client.until(lambda: joints(client.last.picture) > 50, "there are joints again")


# Asked ----------------------------------------------------------------------------------------------------


def test_a_picture_is_answered_with_named_points_and_angles(room: Room) -> None:
    status, found = room.said(astronaut())
    assert status == 200
    assert (found["width"], found["height"]) == (512, 512)
    assert found["ms"]["all"] > 0
    (person,) = found["people"]
    assert len(person["points"]) == len(person["world"]) == 33
    nose = person["points"][0]
    assert nose["name"] == "nose"
    assert (nose["x"], nose["y"]) == pytest.approx((224, 122), abs=20)
    assert {"left elbow", "right shoulder"} <= person["angles"].keys()


def test_who_accepts_pictures_gets_it_drawn(room: Room) -> None:
    status, kind, body = room.asked(astronaut(), Accept="image/jpeg, application/json;q=0.5")
    assert (status, kind) == (200, "image/jpeg")
    drawn = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert joints(np.asarray(drawn)) > 50


def test_a_form_with_a_file_will_do(room: Room) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n%s\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, found = room.said(form % astronaut(), **headers)
    assert (status, len(found["people"])) == (200, 1)


def test_several_people_are_found_where_several_are_asked_for(room: Room) -> None:
    one = cv2.imdecode(np.frombuffer(astronaut(), np.uint8), cv2.IMREAD_COLOR)
    both = png(np.hstack([one[:, 60:400]] * 2))
    assert [len(room.said(both, people)[1]["people"]) for people in ("1", "3")] == [1, 2]


@pytest.mark.parametrize(
    ("file", "people", "status", "why"),
    [
        (b"this is a text", "1", 400, "no picture"),
        (b"", "1", 400, "no picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "1", 400, "no picture"),
        (bitmap(60_000, 60_000), "1", 413, "120 megapixels"),
        (jpeg(30_000, 30_000), "1", 413, "120 megapixels"),
        (png(np.zeros((2, 65_501, 3), np.uint8)), "1", 413, "65500 pixels a side"),
        (png(np.zeros((1, 1, 3), np.uint8)), "1", 404, "nobody"),
        (png(np.zeros((64, 64, 3), np.uint8)), "1", 404, "nobody"),
        (b"", "none", 400, "from 1 to 8"),
        (bytes(33 << 20), "1", 413, "more than 32 MB"),
    ],
    ids=[
        "a text",
        "nothing",
        "a drawing",
        "a size that nobody has",
        "a JPEG of gigabytes",
        "too long",
        "a pixel",
        "nobody",
        "no number",
        "too much",
    ],
)
def test_what_is_wrong_is_said_as_json(room: Room, file: bytes, people: str, status: int, why: str) -> None:
    found = room.said(file, people)
    assert found[0] == status
    assert why in found[1]["error"]


def test_a_foreign_page_cannot_ask(room: Room) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", room.port, timeout=60)) as connection:
        connection.request("POST", "/pose", astronaut())
        assert connection.getresponse().status == 403


def test_eight_who_ask_at_once_are_all_served(room: Room) -> None:
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(room.said, [astronaut()] * 16))
    assert [status for status, _ in answers] == [200] * 16


# Watched --------------------------------------------------------------------------------------------------


def event(stream: http.client.HTTPResponse) -> Any:
    """The next."""
    while not (line := stream.readline()).startswith(b"data: "):
        assert line, "the stream has ended"
    return json.loads(line.removeprefix(b"data: "))


def test_who_watches_the_poses_goes_on_when_the_worker_was_killed(room: Room) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", room.port, timeout=60)) as connection:
        connection.request("GET", "/pose/live")
        stream = connection.getresponse()
        assert stream.getheader("Content-Type") == "text/event-stream"
        assert len(event(stream)["people"][0]["points"]) == 33
        before = room.launcher.restarts()
        os.kill(room.launcher.pids()["pose"], signal.SIGKILL)
        assert len(event(stream)["people"][0]["points"]) == 33
        room.launcher.until_restarted("pose", before)


def test_each_frame_is_a_line_of_the_file(room: Room) -> None:
    lines = [json.loads(line) for line in room.lines.read_text().splitlines()]
    assert lines
    assert all(len(line["people"][0]["world"]) == 33 for line in lines)


# The page -------------------------------------------------------------------------------------------------


@needs("chromium")
def test_the_page_shows_a_picture_and_the_live_poses_beside_their_json(room: Room, tmp_path: Path) -> None:
    nobody = tmp_path / "nobody.png"
    nobody.write_bytes(png(np.zeros((64, 64, 3), np.uint8)))
    with Browser.started() as browser, browser.page(room.port, "pose") as page:
        page.tab.set_input_files("#file", folder() / "astronaut.png")
        page.until("document.querySelector('#json').textContent.includes('left elbow')")
        page.until("document.querySelector('#picture').naturalWidth === 512")
        page.until("document.querySelector('#angles').rows.length >= 8")
        assert red_on(page.screenshot()) > 100, "her joints are drawn"
        page.tab.set_input_files("#file", nobody)
        page.until("document.querySelector('#note').textContent.startsWith('Nobody is in')")
        page.tab.click("#live")
        page.until("JSON.parse(document.querySelector('#json').textContent || '{}').frame > 0")
        page.tab.click("#language")
        page.until("document.querySelector('#angles').textContent.includes('左肘')")
        page.until("document.querySelector('#picture').naturalWidth === 512")
        page.tab.goto(f"http://127.0.0.1:{room.port}/")
        page.until("!document.querySelector('#poses').hidden")
        assert not page.problems


@needs("chromium")
def test_the_page_shows_the_answer_to_what_was_asked_last(room: Room, tmp_path: Path) -> None:
    """First a picture that takes long, then one that takes no time."""
    nobody, large = tmp_path / "nobody.png", tmp_path / "large.png"
    nobody.write_bytes(png(np.zeros((64, 64, 3), np.uint8)))
    large.write_bytes(png(np.asarray(cv2.resize(cv2.imread(str(folder() / "astronaut.png")), (4096, 4096)))))
    with Browser.started() as browser, browser.page(room.port, "pose") as page:
        page.tab.set_input_files("#file", large)
        page.tab.set_input_files("#file", nobody)
        page.until("document.querySelector('#note').textContent.startsWith('Nobody is in')")
        assert (
            room.said(large.read_bytes())[0] == 200
        )  # so long it takes after it; the page's is answered, too
        page.until("document.querySelector('#picture').naturalWidth === 64")
        assert page.tab.evaluate("document.querySelector('#note').textContent").startswith("Nobody is in")
        page.tab.set_input_files("#file", large)
        page.tab.click("#live")
        assert room.said(large.read_bytes())[0] == 200
        page.until("JSON.parse(document.querySelector('#json').textContent || '{}').frame > 0")
        page.until("document.querySelector('#picture').naturalWidth === 512")


def red_on(screenshot: np.ndarray) -> int:  # type: ignore[type-arg]
    """Pixels in the colour of joints."""
    return int((np.abs(screenshot.astype(int) - RED).max(axis=2) < 12).sum())
