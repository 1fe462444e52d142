"""Files come whole and verified from a server on this machine, from the next mirror, or taken up where they broke off."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from byhand.examples.datasets.download import RemoteFile, cache_folder, fetch
from byhand.examples.datasets.errors import DataError

CONTENT = os.urandom(300_000)
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """/good, /no-ranges, /wrong, /broken (breaks off after 100,000 bytes), /missing; what was asked is written down."""

    asked = []

    def do_GET(self):
        how, wanted = self.path.split("/")[1], self.headers.get("Range")
        self.asked.append((how, wanted))
        if how == "missing":
            return self.send_error(404)
        content = CONTENT if how != "wrong" else CONTENT[:-1] + b"?"
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and how != "no-ranges" else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:100_000] if how == "broken" else content[start:])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BYHAND_DATA", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Handler, "asked", [])
    return tmp_path / "cache" / "set"


def remote(server, *ways, checksum=SHA256):
    return RemoteFile("set", "a.bin", checksum, tuple(f"{server}/{way}/a.bin" for way in ways))


def files(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_a_file_is_downloaded_once(server, cache, capfd):
    path = fetch(remote(server, "good"))
    assert (path, path.read_bytes()) == (cache / "a.bin", CONTENT)
    assert fetch(remote(server, "good")) == path
    assert Handler.asked == [("good", None)]
    assert files(cache) == ["a.bin"]
    assert "a.bin" in capfd.readouterr().err  # the progress bar


def test_an_md5_serves_as_well(server):
    checksum = "md5:" + hashlib.md5(CONTENT).hexdigest()
    assert fetch(remote(server, "good", checksum=checksum)).read_bytes() == CONTENT


def test_the_next_mirror_is_tried(server, cache):
    assert fetch(remote(server, "missing", "wrong", "good")).read_bytes() == CONTENT
    assert [how for how, _ in Handler.asked] == ["missing", "wrong", "good"]
    assert files(cache) == ["a.bin"]


def test_a_download_that_broke_off_is_taken_up(server, cache):
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch(remote(server, "broken"))
    assert files(cache) == ["a.bin.part"]  # not under its own name
    there = (cache / "a.bin.part").stat().st_size
    assert 0 < there <= 100_000
    assert fetch(remote(server, "good")).read_bytes() == CONTENT
    assert Handler.asked[-1] == ("good", f"bytes={there}-")
    assert files(cache) == ["a.bin"]


def test_a_mirror_takes_up_what_another_broke_off(server, cache):
    assert fetch(remote(server, "broken", "good")).read_bytes() == CONTENT
    assert Handler.asked[-1][1].startswith("bytes=")
    assert files(cache) == ["a.bin"]


@pytest.mark.parametrize("part", [CONTENT[:5000], CONTENT, CONTENT + b"more", b"foreign" * 100])
@pytest.mark.parametrize("way", ["good", "no-ranges"])
def test_whatever_part_is_there_the_file_is_right(server, cache, part, way):
    cache.mkdir(parents=True)
    (cache / "a.bin.part").write_bytes(part)
    assert fetch(remote(server, way)).read_bytes() == CONTENT
    assert files(cache) == ["a.bin"]
    if way == "no-ranges" or part == CONTENT[:5000]:
        assert len(Handler.asked) == 1  # nothing had to be fetched twice


@pytest.mark.parametrize("damage", [CONTENT[:1000], CONTENT[:-1] + b"?", b""])
def test_a_damaged_file_in_the_cache_is_replaced(server, cache, damage):
    cache.mkdir(parents=True)
    (cache / "a.bin").write_bytes(damage)
    assert fetch(remote(server, "good")).read_bytes() == CONTENT


def test_a_tampered_download_is_thrown_away(server, cache):
    with pytest.raises(DataError, match=f"another checksum than {SHA256}"):
        fetch(remote(server, "wrong"))
    assert files(cache) == []


def test_without_a_network_it_says_which_file_to_put_where(cache):
    file = RemoteFile("set", "a.bin", SHA256, ("http://127.0.0.1:9/a.bin",))
    with pytest.raises(DataError) as refused:
        fetch(file)
    for said in (str(cache / "a.bin"), SHA256, "http://127.0.0.1:9/a.bin", "set/a.bin", "--data", "BYHAND_DATA"):
        assert said in refused.value.message
    assert files(cache) == []


@pytest.mark.parametrize("place", ["a.bin", "set/a.bin"])
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_folder_of_yours_is_taken_as_it_is(tmp_path, monkeypatch, place, by):
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    if by == "environment":
        monkeypatch.setenv("BYHAND_DATA", str(tmp_path / "mine"))
    file = RemoteFile("set", "a.bin", SHA256, ("http://127.0.0.1:9/a.bin",))
    assert fetch(file, tmp_path / "mine" if by == "argument" else None) == path


def test_a_folder_without_the_file_or_with_another_is_refused(tmp_path):
    file = RemoteFile("set", "a.bin", SHA256, ("http://127.0.0.1:9/a.bin",))
    with pytest.raises(DataError, match=r"there is no a\.bin .*set/a\.bin.*http://127\.0\.0\.1:9/a\.bin"):
        fetch(file, tmp_path)
    (tmp_path / "a.bin").write_bytes(CONTENT[:1000])
    with pytest.raises(DataError, match=rf"a\.bin: not the file that was expected.*1,000 bytes.*{SHA256[7:]}"):
        fetch(file, tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT[:1000]


def test_the_cache_has_a_place_of_its_own_on_every_platform(monkeypatch):
    monkeypatch.delenv("BYHAND_CACHE")
    assert cache_folder().name.lower() in ("byhand", "cache")
