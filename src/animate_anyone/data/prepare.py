"""Prepares a folder of videos for training: each video once, in several processes, going on where it stopped."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path

from animate_anyone.data.layouts import Item, Layout, Split, list_items, recognise
from animate_anyone.data.manifest import Entry, Limits, Making, Manifest, Settings, save_manifest
from animate_anyone.data.prepare_clip import POSE_SUFFIX, Record, Task, given_poses, reason_against
from animate_anyone.errors import MediaError
from animate_anyone.pose.detect import PoseDetector

CLIPS = "clips"


def prepare(
    folder: Path,
    output: Path,
    make_detector: Callable[[], PoseDetector],
    *,
    making: Making,
    limits: Limits,
    split: Split,
    layout: Layout | None = None,
    processes: int = 1,
    on_video: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Finds the poses of all videos of a folder, leaves out what is not to be learnt from, and writes the manifest.

    Stopped at any time and called again, it does what is left to do. Each video's results appear whole or not at all.

    Args:
        folder: Where the videos lie; nothing is written there.
        output: Where results go; see `manifest.Manifest`.
        make_detector: Makes a detector for the frames of one clip. With several processes it is sent to them.
        making: Detector's name, rate and size.
        limits: Which clips are kept.
        split: How videos are shared out where the layout leaves it open.
        layout: How the videos lie; None: recognised by the names of folders.
        processes: How many videos are worked on at the same time.
        on_video: Called after each video with the number done and the number in all.

    Raises:
        MediaError: The folder holds no videos or lies where results go, or the results cannot be written.
        MissingExtraError: The detector is not installed.
    """
    check_apart(folder, output)
    layout = layout or recognise(folder)
    items = list_items(folder, layout, split, skip=output)
    clips = output / CLIPS
    for unfinished in clips.rglob(".*-????????.*"):  # of a process that was killed
        unfinished.unlink()
    if any(not given_poses(folder / item.source).exists() for item in items):
        make_detector().close()  # what is missing shows at once, and weights are fetched by one process only
    task = Task(folder=folder, clips=clips, making=making, limits=limits, make_detector=make_detector)
    records: dict[str, Record] = {}
    for done, (item, record) in enumerate(_run(task, items, processes=processes), start=1):
        records[item.key] = record
        if on_video is not None:
            on_video(done, len(items))
    manifest = Manifest(
        package=version("animate-anyone"),
        layout=layout,
        folder=_relative(folder, output),
        settings=Settings(
            making=making,
            limits=limits,
            seed=split.seed,
            test_share=split.test_share,
            tiktok_test=tuple(sorted(split.tiktok_test)),
        ),
        videos=tuple(_entry(item, records[item.key], task=task, output=output) for item in items),
    )
    save_manifest(manifest, output)
    return manifest


def check_apart(folder: Path, output: Path) -> None:
    """Refuses to write results among the videos, which a result of the same name would replace.

    Raises:
        MediaError: `folder` is `output`, or lies in its folder of clips.
    """
    videos, clips = folder.resolve(), (output / CLIPS).resolve()
    if videos == output.resolve() or videos.is_relative_to(clips):
        raise MediaError(
            f"{output}: results in it would replace videos of {folder}. Give another folder for the results."
        )


def _run(task: Task, items: list[Item], *, processes: int) -> Iterator[tuple[Item, Record]]:
    """The items with their records, in the order in which they are done."""
    if processes == 1:
        yield from ((item, task(item)) for item in items)
        return
    # Ctrl-C reaches all processes: these end at once, and this one says so.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_DFL),
    )
    with pool:
        try:
            futures = {pool.submit(task, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise MediaError(
                f"{task.clips}: a process that prepared videos was killed, most likely for want of memory. Run the "
                f"command again with fewer processes than {processes}; it goes on where it stopped."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _entry(item: Item, record: Record, *, task: Task, output: Path) -> Entry:
    reason = reason_against(record, task.limits)
    entry = Entry(
        key=item.key,
        source=item.source,
        bytes=record.bytes,
        sha256=record.sha256,
        group=item.group,
        split=item.side,
        kept=reason is None,
        reason=reason,
        measured=record.measured,
    )
    if reason is not None:
        return entry
    video = task.video_of(item) if record.converted else task.folder / item.source
    files = {
        "video": _relative(video, output),
        "poses": f"{CLIPS}/{item.key}{POSE_SUFFIX}",
        "poses_sha256": record.poses_sha256,
    }
    return entry.model_copy(update=files)


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path.resolve(), start.resolve())).as_posix()
