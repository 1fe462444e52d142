"""The download room: the only place that talks to a network, and the only one that decides which file is the right one.

A file comes from a folder that the user names (`--data DIR` or BYHAND_DATA), or from the cache, into which it is
downloaded first. Either way its checksum is verified each time. A download goes to `NAME.part`; broken off, it is taken
up again where it ended. Under its own name a file is whole and verified, or not there.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from byhand.examples.datasets.errors import DataError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

__all__ = ["RemoteFile", "cache_folder", "fetch", "unpacked", "verify"]

CHUNK, TIMEOUT = 1 << 16, 30.0  # bytes, seconds


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set: its folder and name, its checksum ("sha256:…" or "md5:…", as published), where it is found."""

    folder: str
    name: str
    checksum: str
    urls: tuple[str, ...]


def cache_folder() -> Path:
    """Where downloads are kept: BYHAND_CACHE, or the platform's folder for caches."""
    return Path(os.environ.get("BYHAND_CACHE") or pooch.os_cache("byhand"))


def fetch(file: RemoteFile, folder: str | Path | None = None) -> Path:
    """Return where the file is, whole and verified.

    With a `folder` (or BYHAND_DATA) it must lie there, as `folder/NAME` or `folder/DATASET/NAME`, and nothing is
    downloaded. Otherwise it is taken from the cache, or downloaded into it, from the first address that has it. Raises
    DataError if it is missing, or not the file that it should be.
    """
    chosen = folder or os.environ.get("BYHAND_DATA")
    if chosen:
        return _in_folder(file, Path(chosen))
    path = cache_folder() / file.folder / file.name
    if not path.is_file() or not _matches(path, file.checksum):
        _download(file, path)
    return path


def unpacked(archive: RemoteFile, members: Mapping[str, str], folder: str | Path | None) -> list[Path]:
    """What an archive holds (`members`: names and checksums), verified, if it lies unpacked in a folder; otherwise nothing."""
    for place in (Path(folder), Path(folder) / archive.folder) if folder else ():
        paths = [place / name for name in members]
        if all(path.is_file() for path in paths):
            for path, checksum in zip(paths, members.values()):
                verify(path, checksum)
            return paths
    return []


def verify(path: Path, checksum: str) -> None:
    """Raise DataError unless the file has this checksum."""
    if not _matches(path, checksum):
        kind, _, expected = checksum.partition(":")
        raise DataError(
            path,
            f"not the file that was expected. It is cut short, changed, or another one: its {path.stat().st_size:,} bytes have "
            f"{kind} {_checksum(path, kind)}, and should have {kind} {expected}. Put the right one in its place",
        )


def _in_folder(file: RemoteFile, folder: Path) -> Path:
    places = (folder / file.name, folder / file.folder / file.name)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise DataError(
            folder,
            f"there is no {file.name} (looked for {places[0]} and {places[1]}). Get it from {file.urls[0]} and put it in "
            "either place, or let it be downloaded: without --data, and with BYHAND_DATA unset",
        )
    verify(path, file.checksum)
    return path


def _checksum(path: Path, kind: str) -> str:
    return str(pooch.file_hash(str(path), alg=kind))


def _matches(path: Path, checksum: str) -> bool:
    kind, _, expected = checksum.partition(":")
    return _checksum(path, kind) == expected


# ---- over the network ----


def _download(file: RemoteFile, path: Path) -> None:
    """Try each address in turn; what was taken up from a broken download and then is wrong is tried once more, afresh."""
    failures = []
    for url in file.urls:
        for _ in range(2):
            resumed = _part(path).exists()
            try:
                with _quiet_pooch():
                    pooch.retrieve(url, file.checksum, file.name, path.parent, downloader=_to_be_resumed(_part(path)))
                return
            except requests.RequestException as error:
                failures.append(f"{url}: {error}")
                break
            except ValueError:
                failures.append(f"{url}: what came has another checksum than {file.checksum}; it was thrown away")
                if not resumed:
                    break
    tried = "".join(f"\n  {failure}" for failure in failures)
    raise DataError(
        path,
        f"could not be downloaded.{tried}\nWithout a network, get {file.name} ({file.checksum}) elsewhere and save it as {path},"
        f"\nor keep it in a folder of yours, as DIR/{file.folder}/{file.name}, and say --data DIR or set BYHAND_DATA=DIR",
    )


class _to_be_resumed:
    """A downloader for pooch: appends to the part that is there already, and hands it over once it is whole."""

    def __init__(self, part: Path) -> None:
        self.part = part

    def __call__(self, url: str, output: str, _: object) -> None:
        there = self.part.stat().st_size if self.part.exists() else 0
        # "identity": a server that packs a .gz once more would have us keep what was unpacked.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={there}-"} if there else {})}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                Path(self.part).replace(output)  # nothing is left to fetch; the checksum says whether that is right
                return
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                there = 0  # the server begins at the beginning
            self._write(response, there)
        self.part.replace(output)

    def _write(self, response: requests.Response, there: int) -> None:
        length = response.headers.get("Content-Length")
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with self.part.open("ab" if there else "wb") as file, Progress(*columns, console=Console(stderr=True)) as progress:
            name = self.part.name.removesuffix(".part")
            task = progress.add_task(name, total=int(length) + there if length else None, completed=there)
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                progress.advance(task, len(chunk))


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Without pooch's own lines about where it downloads what; there is a progress bar."""
    logger: logging.Logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
