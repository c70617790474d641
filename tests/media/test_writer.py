"""Videos are written with exact frames, rate, colour and sound, and appear only when complete."""

import errno
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from animate_anyone.errors import MediaError
from animate_anyone.media.image import load_image
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe, read_frames
from animate_anyone.media.writer import check_output, write_video

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"
WIDTH, HEIGHT = 64, 48
BEEP_AT = 1.0


def bars(num_frames: int) -> Iterator[np.ndarray]:
    """Frames with a bright bar whose place tells their number."""
    for index in range(num_frames):
        frame = np.full((HEIGHT, WIDTH, 3), (30, 60, 90), dtype=np.uint8)
        frame[:, 4 * (index % 16) : 4 * (index % 16) + 4] = (240, 220, 60)
        yield frame


def bar_of(frame: np.ndarray) -> int:
    return int(frame[:, :, 0].mean(axis=0).reshape(16, 4).mean(axis=1).argmax())


def with_sound(
    path: Path, *, codec: str = "aac", kind: str = "mp4", seconds: float = 3.0, video_starts: float = 0.0
) -> Path:
    """A 12 fps video with a sound track that is silent but for a tone of 0.1 seconds at `BEEP_AT`."""
    rate = 48_000
    with av.open(str(path), "w", format=kind) as output:
        video = output.add_stream("libx264", rate=12)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, 12)
        audio = output.add_stream(codec, rate=rate, layout="mono")
        first = round(video_starts * 12)
        for index, frame in enumerate(bars(round(seconds * 12) - first), start=first):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 12)
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        time = np.arange(round(seconds * rate)) / rate
        tone = 0.8 * np.sin(2 * np.pi * 1000 * time) * ((time >= BEEP_AT) & (time < BEEP_AT + 0.1))
        samples = (tone * 32767).astype(np.int16)[None]
        resampler = av.AudioResampler(format=audio.codec_context.format or "fltp", layout="mono", rate=rate)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = rate, 0, Fraction(1, rate)
        for piece in resampler.resample(sound):
            output.mux(audio.encode(piece))
        output.mux(audio.encode(None))
    return path


def beep_begins(path: Path) -> float:
    """Seconds after the first video frame at which the tone sets in."""
    with av.open(str(path)) as source:
        start = float((source.streams.video[0].start_time or 0) * source.streams.video[0].time_base)
        for frame in source.decode(audio=0):
            loud = np.abs(frame.to_ndarray().astype(float)).max(axis=0) > 0.2
            if loud.any():
                return frame.time + int(loud.argmax()) / frame.sample_rate - start
    raise AssertionError("no tone")


def sound_seconds(path: Path) -> float:
    with av.open(str(path)) as source:
        return sum(frame.samples / frame.sample_rate for frame in source.decode(audio=0))


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webp"])
@pytest.mark.parametrize("fps", [24, 25.0, 30000 / 1001, 12.5])
def test_frames_and_rate_come_out_exactly(suffix: str, fps: float, tmp_path: Path):
    path = tmp_path / f"out{suffix}"
    written = write_video(bars(50), path, fps=fps)
    assert (written.path, written.size, written.num_frames, written.audio) == (path, Size(WIDTH, HEIGHT), 50, "none")
    assert written.fps == pytest.approx(fps, rel=1e-9)
    info = probe(path)
    assert info.num_frames == 50 and info.size == Size(WIDTH, HEIGHT)
    assert info.fps == pytest.approx(fps, rel=1e-9 if suffix == ".mp4" else 0.002)
    assert [bar_of(frame) for frame in read_frames(path)] == [i % 16 for i in range(50)]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_colours_are_kept_and_tagged(tmp_path: Path):
    colours = [(200, 60, 40), (20, 200, 90), (128, 128, 128), (255, 255, 255), (0, 0, 0), (250, 230, 20)]
    for colour in colours:
        path = write_video([np.full((32, 32, 3), colour, dtype=np.uint8)], tmp_path / "c.mp4", fps=10).path
        np.testing.assert_allclose(next(read_frames(path))[16, 16], colour, atol=3)
    with av.open(str(path)) as source:
        context = source.streams.video[0].codec_context
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        assert tags == (1, 1, 1, 1) and context.pix_fmt == "yuv420p"


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animated_pictures_repeat_for_ever(suffix: str, tmp_path: Path):
    from PIL import Image

    with Image.open(write_video(bars(3), tmp_path / f"a{suffix}", fps=10).path) as image:
        assert image.info["loop"] == 0


def test_picture_sequence(tmp_path: Path):
    written = write_video(bars(3), tmp_path / "frames", fps=10)
    assert written.num_frames == 3
    assert sorted(file.name for file in written.path.iterdir()) == ["000000.png", "000001.png", "000002.png"]
    for file, frame in zip(sorted(written.path.iterdir()), bars(3), strict=True):
        np.testing.assert_array_equal(load_image(file), frame)
    with pytest.raises(MediaError, match="exists already"):
        write_video(bars(3), tmp_path / "frames", fps=10)
    (tmp_path / "empty").mkdir()
    assert write_video(bars(2), tmp_path / "empty", fps=10).num_frames == 2


@pytest.mark.parametrize(
    ("codec", "kind", "how"),
    [("aac", "mp4", "copied"), ("ac3", "matroska", "copied"), ("flac", "matroska", "encoded"),
     ("pcm_s16le", "mov", "encoded"), ("libopus", "webm", "encoded")],
)  # fmt: skip
def test_sound_is_carried_over_in_step(codec: str, kind: str, how: str, tmp_path: Path):
    if kind == "webm":
        kind = "matroska"  # the picture of the test clip is H.264
    source = with_sound(tmp_path / "driving", codec=codec, kind=kind)
    written = write_video(bars(36), tmp_path / "out.mp4", fps=12, audio_from=source)
    assert written.audio == how
    info = probe(written.path)
    assert info.has_audio and info.num_frames == 36 and info.fps == 12
    assert beep_begins(written.path) == pytest.approx(BEEP_AT, abs=0.03)
    assert sound_seconds(written.path) == pytest.approx(3.0, abs=0.05)


def test_copied_sound_is_the_same_bytes(tmp_path: Path):
    source = with_sound(tmp_path / "driving.mp4")
    written = write_video(bars(36), tmp_path / "out.mp4", fps=12, audio_from=source)

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets(written.path) == packets(source)


@pytest.mark.parametrize("codec", ["aac", "flac"])
def test_sound_is_trimmed_to_the_output(codec: str, tmp_path: Path):
    source = with_sound(tmp_path / "driving", codec=codec, kind="matroska")
    written = write_video(bars(18), tmp_path / "out.mp4", fps=12, audio_from=source)
    assert sound_seconds(written.path) == pytest.approx(1.5, abs=0.05)
    with av.open(str(written.path)) as container:
        assert container.duration / av.time_base == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize("codec", ["aac", "flac"])
def test_sound_follows_a_video_that_starts_late(codec: str, tmp_path: Path):
    source = with_sound(tmp_path / "driving", codec=codec, kind="matroska", video_starts=0.5)
    assert beep_begins(source) == pytest.approx(BEEP_AT - 0.5, abs=0.03)
    written = write_video(read_frames(source), tmp_path / "out.mp4", fps=12, audio_from=source)
    assert written.num_frames == 30
    assert beep_begins(written.path) == pytest.approx(BEEP_AT - 0.5, abs=0.03)


def test_no_sound_where_there_is_none(tmp_path: Path):
    silent = write_video(bars(5), tmp_path / "silent.mp4", fps=12).path
    gif = write_video(bars(5), tmp_path / "silent.gif", fps=12).path
    sounding = with_sound(tmp_path / "sounding.mp4")
    assert write_video(bars(5), tmp_path / "a.mp4", fps=12, audio_from=silent).audio == "none"
    assert write_video(bars(5), tmp_path / "b.mp4", fps=12, audio_from=gif).audio == "none"
    assert write_video(bars(5), tmp_path / "c.gif", fps=12, audio_from=sounding).audio == "none"
    with pytest.raises(MediaError, match="no such file"):
        write_video(bars(5), tmp_path / "d.mp4", fps=12, audio_from=tmp_path / "missing.mp4")


def of_unknown_kind(path: Path) -> Path:
    """Make the AAC sound of an MP4 file one that names no codec FFmpeg knows."""
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    return path


def test_sound_of_an_unknown_kind_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    source = of_unknown_kind(with_sound(tmp_path / "driving.mp4"))
    written = write_video(bars(12), tmp_path / "out.mp4", fps=12, audio_from=source)
    assert written.audio == "none" and probe(written.path).num_frames == 12
    assert "driving.mp4: its sound is of a kind unknown to FFmpeg and is left out" in caplog.text


def test_the_first_sound_of_a_known_kind_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    parts = [with_sound(tmp_path / "aac.mp4"), with_sound(tmp_path / "ac3.mp4", codec="ac3")]
    both = tmp_path / "driving.mp4"
    with av.open(str(parts[0])) as first, av.open(str(parts[1])) as second, av.open(str(both), "w") as output:
        streams = [first.streams.video[0], first.streams.audio[0], second.streams.audio[0]]
        for source, target in [(stream, output.add_stream_from_template(stream)) for stream in streams]:
            for packet in source.container.demux(source):
                if packet.dts is not None:
                    packet.stream = target
                    output.mux(packet)
            source.container.seek(0)
    written = write_video(bars(36), tmp_path / "out.mp4", fps=12, audio_from=of_unknown_kind(both))
    assert written.audio == "copied"
    with av.open(str(written.path)) as container:
        assert container.streams.audio[0].codec_context.name == "ac3"
    assert beep_begins(written.path) == pytest.approx(BEEP_AT, abs=0.03)
    assert "track 2 of its sound is taken" in caplog.text


def never() -> Iterator[np.ndarray]:
    raise AssertionError("a frame was asked for")
    yield


def test_unsupported_names_are_refused_before_any_work(tmp_path: Path):
    (tmp_path / "folder.mp4").mkdir()
    for name, said in [("a.avi", r"got '\.avi'"), ("a.png", "folder of PNG"), ("folder.mp4", "is a folder")]:
        with pytest.raises(MediaError, match=said):
            write_video(never(), tmp_path / name, fps=10)
        with pytest.raises(MediaError, match=said):
            check_output(tmp_path / name)
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="cannot be written"):
        write_video(never(), tmp_path / "file" / "a.mp4", fps=10)
    for name in ("a.mp4", "a.MP4", "b.gif", "c.webp", "frames"):
        check_output(tmp_path / name)


@pytest.mark.parametrize(("name", "max_fps"), [("a.gif", 50), ("a.webp", 90), ("a.mp4", 240)])
def test_the_highest_rate_of_each_kind_is_read_back(name: str, max_fps: int, tmp_path: Path):
    info = probe(write_video(bars(100), tmp_path / name, fps=max_fps).path)
    assert (info.num_frames, info.fps) == (100, pytest.approx(max_fps, rel=1e-4))


@pytest.mark.parametrize(("name", "fps"), [("a.gif", 60000 / 1001), ("a.GIF", 120), ("a.webp", 100)])
def test_a_rate_that_players_would_slow_down_is_refused_before_any_work(name: str, fps: float, tmp_path: Path):
    for refuse in (
        lambda: check_output(tmp_path / name, fps=fps),
        lambda: write_video(never(), tmp_path / name, fps=fps),
    ):
        with pytest.raises(MediaError, match=r"at most \d0 frames a second, and this video has .*ends in \.mp4"):
            refuse()
    check_output(tmp_path / "a.mp4", fps=fps)
    check_output(tmp_path / "frames", fps=fps)


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.webp", "frames"])
def test_nothing_half_written_stays(name: str, tmp_path: Path):
    class Interrupted(BaseException):
        pass

    def failing() -> Iterator[np.ndarray]:
        yield from bars(5)
        raise Interrupted

    folder = tmp_path / "out"
    with pytest.raises(Interrupted):
        write_video(failing(), folder / name, fps=10)
    with pytest.raises(MediaError, match="no frames"):
        write_video([], folder / name, fps=10)
    assert list(folder.iterdir()) == []


def test_failure_keeps_the_earlier_file(tmp_path: Path):
    path = write_video(bars(3), tmp_path / "a.mp4", fps=10).path
    before = path.read_bytes()
    with pytest.raises(ValueError, match="one shape"):
        write_video([*bars(2), np.zeros((32, 32, 3), dtype=np.uint8)], path, fps=10)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(MediaError, match=r"a\.mp4: cannot be written \(No space left on device\)"):
        write_video(bars(3), tmp_path / "a.mp4", fps=10)
    assert list(tmp_path.iterdir()) == []


def test_callers_mistakes_are_value_errors(tmp_path: Path):
    odd = [np.zeros((33, 32, 3), dtype=np.uint8)]
    with pytest.raises(ValueError, match="even sides; got frames of 32x33"):
        write_video(odd, tmp_path / "a.mp4", fps=10)
    assert write_video(odd, tmp_path / "a.gif", fps=10).num_frames == 1
    for fps in (0, 0.0004, -1.0, 1000):
        with pytest.raises(ValueError, match="frames a second"):
            write_video(never(), tmp_path / "b.mp4", fps=fps)


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_memory_does_not_grow_with_the_length(suffix: str, tmp_path: Path):
    def peak(num_frames: int) -> int:
        path = tmp_path / f"{num_frames}{suffix}"
        tracemalloc.start()
        write_video(bars(num_frames), path, fps=24)
        assert sum(1 for _ in read_frames(path)) == num_frames
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    peak(10)  # imports and caches
    assert peak(600) < peak(100) + 50_000  # one frame has 9216 bytes


def test_real_dance_keeps_frames_rate_and_sound(tmp_path: Path):
    source = EXAMPLES / "real" / "dance_musepose.mp4"
    if not source.exists():
        pytest.skip("The dance clip is not on this machine.")
    info = probe(source)
    written = write_video(bars(info.num_frames), tmp_path / "out.mp4", fps=info.fps, audio_from=source)
    assert written.audio == "copied"
    result = probe(written.path)
    assert (result.num_frames, result.fps, result.has_audio) == (288, 24.0, True)
    assert sound_seconds(written.path) == pytest.approx(12.0, abs=0.05)
