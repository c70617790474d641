"""Videos are read upright, frame-exact and at a constant rate; bad ones give one clear error."""

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from animate_anyone.errors import MediaError
from animate_anyone.media import animated, container, limits
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe, read_frames
from animate_anyone.media.writer import write_video

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"
WIDTH, HEIGHT = 64, 48


def numbered(index: int, *, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A frame that carries its number as a row of five black or white blocks, above a red and a blue half."""
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    frame[height // 2 :, : width // 2] = (200, 60, 40)
    frame[height // 2 :, width // 2 :] = (40, 60, 200)
    for bit in range(8):
        if index >> bit & 1:
            frame[: height // 2, bit * width // 8 : (bit + 1) * width // 8] = 255
    return frame


def number_of(frame: np.ndarray) -> int:
    height, width = frame.shape[:2]
    row = frame[height // 4, :, 0]
    return sum(int(row[(2 * bit + 1) * width // 16] > 127) << bit for bit in range(8))


def encode(
    path: Path,
    times: list[int],
    *,
    time_base: Fraction,
    kind: str = "mp4",
    codec: str = "libx264",
    rotation: int = 0,
    pixel_aspect: Fraction | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    tagged: bool = True,
) -> Path:
    """Write numbered frames shown at `times` (in ticks of `time_base`)."""
    with av.open(str(path), "w", format=kind) as output:
        stream = output.add_stream(codec, rate=Fraction(1) / time_base)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = time_base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if tagged:
            stream.codec_context.colorspace = 1
        if rotation:
            stream.set_display_rotation(rotation)
        for index, time in enumerate(times):
            picture = numbered(index, width=size[0], height=size[1])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = time, time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video((numbered(i) for i in range(40)), tmp_path / "clip.mp4", fps=24).path


def test_constant_clip_passes_frame_exact(clip: Path):
    info = probe(clip)
    assert (info.size, info.fps, info.num_frames, info.has_audio) == (Size(WIDTH, HEIGHT), 24.0, 40, False)
    assert info.duration == pytest.approx(40 / 24)
    frames = list(read_frames(clip))
    assert [number_of(frame) for frame in frames] == list(range(40))
    assert all(frame.dtype == np.uint8 and frame.shape == (HEIGHT, WIDTH, 3) for frame in frames)
    np.testing.assert_allclose(frames[0][40, 16], (200, 60, 40), atol=3)


@pytest.mark.parametrize(
    ("kind", "codec"), [("matroska", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"), ("mpegts", "libx264")]
)
def test_other_containers(kind: str, codec: str, tmp_path: Path):
    path = encode(tmp_path / "clip", list(range(30)), time_base=Fraction(1001, 30000), kind=kind, codec=codec)
    assert probe(path).fps == 30000 / 1001
    assert [number_of(frame) for frame in read_frames(path)] == list(range(30))


def test_variable_rate_is_resampled_by_timestamps(tmp_path: Path):
    times = [*range(60), *range(60, 180, 3)]  # 60 frames at 30 a second, then 40 at 10
    path = encode(tmp_path / "phone.mp4", times, time_base=Fraction(1, 30))
    info = probe(path)
    assert info.fps == 30
    numbers = [number_of(frame) for frame in read_frames(path)]
    assert len(numbers) == info.num_frames
    assert numbers[:60] == list(range(60))
    assert numbers[60:177] == [60 + i // 3 for i in range(117)]


def test_another_rate_can_be_asked_for(clip: Path):
    assert len(list(read_frames(clip, fps=12.0))) == 20
    assert len(list(read_frames(clip, fps=48.0))) == 80
    with pytest.raises(ValueError, match="-1"):
        read_frames(clip, fps=-1.0)
    with pytest.raises(MediaError, match="at most 240"):
        read_frames(clip, fps=1000.0)


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_rotation_is_applied(rotation: int, tmp_path: Path):
    path = encode(tmp_path / "r.mp4", [0, 1, 2], time_base=Fraction(1, 10), rotation=rotation)
    frames = list(read_frames(path))
    with av.open(str(path)) as stored:
        told = next(stored.decode(video=0)).rotation
    assert told % 360 == rotation % 360
    assert (frames[0].shape[1], frames[0].shape[0]) == (probe(path).size.width, probe(path).size.height)
    # Turned counter-clockwise by 90 degrees, the bottom left (red) comes to the bottom right.
    expected = np.rot90(numbered(0), k=rotation // 90)
    np.testing.assert_allclose(frames[0][8, 8], expected[8, 8], atol=6)
    np.testing.assert_allclose(frames[0][-8, -8], expected[-8, -8], atol=6)
    np.testing.assert_allclose(frames[0][-8, 8], expected[-8, 8], atol=6)


TURNS_AND_MIRRORS = {
    "as stored": ((1, 0, 0, 1), np.asarray),
    "clockwise": ((0, 1, -1, 0), lambda picture: np.rot90(picture, k=-1)),
    "half a turn": ((-1, 0, 0, -1), lambda picture: np.rot90(picture, k=2)),
    "counter-clockwise": ((0, -1, 1, 0), np.rot90),
    "left and right swapped": ((-1, 0, 0, 1), np.fliplr),
    "top and bottom swapped": ((1, 0, 0, -1), np.flipud),
    "rows and columns swapped": ((0, 1, 1, 0), lambda picture: picture.swapaxes(0, 1)),
    "swapped over the other diagonal": ((0, -1, -1, 0), lambda picture: np.rot90(picture, k=2).swapaxes(0, 1)),
}
"""The display matrix (x' = a x + c y, y' = b x + d y) as (a, b, c, d), and what it makes of a picture."""


@pytest.mark.parametrize("name", TURNS_AND_MIRRORS)
def test_the_display_matrix_turns_and_mirrors(name: str, clip: Path):
    (a, b, c, d), shown = TURNS_AND_MIRRORS[name]
    data = bytearray(clip.read_bytes())
    # In the track header (version 0) the matrix follows 40 bytes after the name; its last number has 30 binary places.
    place = data.index(b"tkhd") + 44
    numbers = [number << 16 for number in (a, b, 0, c, d, 0, 0, 0)]
    data[place : place + 36] = struct.pack(">9i", *numbers, 1 << 30)
    clip.write_bytes(data)
    stored = numbered(5)
    frame = list(read_frames(clip))[5]
    expected = shown(stored)
    assert frame.shape == expected.shape and probe(clip).size == Size(expected.shape[1], expected.shape[0])
    corners = np.ix_([4, -5], [4, -5])
    np.testing.assert_allclose(frame[corners], expected[corners], atol=8)


def test_pixels_are_made_square(tmp_path: Path):
    path = encode(tmp_path / "dv.mp4", [0, 1], time_base=Fraction(1, 10), pixel_aspect=Fraction(3, 2))
    assert probe(path).size == Size(96, 48)
    assert next(read_frames(path)).shape == (48, 96, 3)


def test_untagged_high_definition_is_taken_for_bt709(tmp_path: Path):
    path = encode(tmp_path / "hd.mp4", [0, 1], time_base=Fraction(1, 10), size=(1280, 720), tagged=False)
    np.testing.assert_allclose(next(read_frames(path))[600, 200], (200, 60, 40), atol=3)


@pytest.mark.parametrize(("suffix", "kind"), [(".gif", "GIF"), (".webp", "WEBP"), (".png", "PNG")])
def test_animated_pictures(suffix: str, kind: str, tmp_path: Path):
    images = [Image.fromarray(numbered(i)) for i in range(12)]
    path = tmp_path / f"a{suffix}"
    images[0].save(path, kind, save_all=True, append_images=images[1:], duration=40)
    info = probe(path)
    assert (info.fps, info.num_frames, info.size, info.has_audio) == (25, 12, Size(WIDTH, HEIGHT), False)
    assert [number_of(frame) for frame in read_frames(path)] == list(range(12))


def test_animated_picture_of_variable_rate(tmp_path: Path):
    images = [Image.fromarray(numbered(i)) for i in range(30)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:], duration=[40] * 20 + [200] * 10)
    assert probe(tmp_path / "a.gif").num_frames == 20 + 50
    assert [number_of(frame) for frame in read_frames(tmp_path / "a.gif")][20:30] == [20] * 5 + [21] * 5


def test_what_is_no_video(tmp_path: Path, clip: Path):
    (tmp_path / "text.mp4").write_text("not a video, " * 100)
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    Image.fromarray(numbered(0)).save(tmp_path / "still.png")
    Image.fromarray(numbered(0)).save(tmp_path / "still.jpg")
    with av.open(str(tmp_path / "sound.mp4"), "w") as output:
        stream = output.add_stream("aac", rate=48000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4800), dtype=np.float32), format="fltp", layout="mono")
        sound.sample_rate, sound.pts = 48000, 0
        output.mux(stream.encode(sound))
        output.mux(stream.encode(None))
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n")
    (tmp_path / "script.mp4").write_text(f"ffconcat version 1.0\nfile {clip}\n")
    for name, said in [
        ("text.mp4", "cannot be read as a video"),
        ("empty.mp4", "is empty"),
        ("missing.mp4", "no such file"),
        ("pipe.mp4", "device or pipe"),
        (".", "is a folder"),
        ("still.png", "is a still picture"),
        ("still.jpg", "cannot be read as a video"),
        ("sound.mp4", "has no video in it"),
        ("list.mp4", "cannot be read as a video"),
        ("script.mp4", "cannot be read as a video"),
    ]:
        for function in (probe, read_frames):  # both at once, not when the first frame is asked for
            with pytest.raises(MediaError, match=said) as caught:
                function(tmp_path / name)
            assert str(tmp_path / name) in str(caught.value)


def test_cut_off_videos(clip: Path, tmp_path: Path):
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    mkv = encode(tmp_path / "whole.mkv", list(range(40)), time_base=Fraction(1, 24), kind="matroska")
    gif = write_video((numbered(i) for i in range(40)), tmp_path / "whole.gif", fps=25).path
    for whole in (clip, mkv, gif):
        data = whole.read_bytes()
        for part in (0.02, 0.1, 0.5, 0.8):
            (tmp_path / "cut").write_bytes(data[: int(len(data) * part)])
            with pytest.raises(MediaError, match="cut: "):
                list(read_frames(tmp_path / "cut"))


def test_limits(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    narrow = encode(tmp_path / "n.mp4", [0, 1], time_base=Fraction(1, 10), size=(8, 64))
    with pytest.raises(MediaError, match="each side needs at least"):
        probe(narrow)
    gif = write_video((numbered(i) for i in range(40)), tmp_path / "a.gif", fps=25).path
    for module in (limits, container, animated):
        monkeypatch.setattr(module, "MAX_FRAMES", 30)
    for path in (clip, gif):
        with pytest.raises(MediaError, match="at most 30 frames"):
            probe(path)
    for module in (container, animated):
        monkeypatch.setattr(module, "MAX_FRAME_PIXELS", 1000)
    for path in (clip, gif):
        with pytest.raises(MediaError, match="Scale it down"):
            probe(path)


def test_very_long_gaps_are_refused(tmp_path: Path):
    path = encode(tmp_path / "gap.mp4", [0, 1, 2, 3, 40_000], time_base=Fraction(1, 10))
    with pytest.raises(MediaError, match="3600 seconds"):
        probe(path)
    path = encode(tmp_path / "slow.mp4", [0, 12_000], time_base=Fraction(1, 10))
    with pytest.raises(MediaError, match=r"has 0\.000833 frames a second; expected at least 0\.001"):
        probe(path)


def test_names_that_look_like_addresses(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    os.rename(clip, "http:clip.mp4")
    assert probe("http:clip.mp4").num_frames == 40


@pytest.mark.parametrize(
    ("name", "size", "num_frames", "fps", "has_audio"),
    [
        ("real/dance_musepose.mp4", Size(1080, 1920), 288, 24.0, True),
        ("moore/pose_videos/anyone-video-1_kps.mp4", Size(512, 704), 200, 30.0, False),
        ("moore/pose_videos/anyone-video-2_kps.mp4", Size(512, 768), 136, 30.0, False),
        ("moore/pose_videos/anyone-video-4_kps.mp4", Size(512, 704), 228, 30.0, False),
        ("moore/pose_videos/anyone-video-5_kps.mp4", Size(512, 704), 179, 30.0, False),
        ("moore/talkinghead_videos/4.mp4", Size(650, 650), 300, 30000 / 1001, True),
    ],
)
def test_real_clips(name: str, size: Size, num_frames: int, fps: float, has_audio: bool):
    path = EXAMPLES / name
    if not path.exists():
        pytest.skip(f"The example {name} is not on this machine.")
    info = probe(path)
    assert (info.size, info.num_frames, info.fps, info.has_audio) == (size, num_frames, fps, has_audio)
    if size.width < 1000:  # the large one takes seconds to decode
        assert sum(1 for _ in read_frames(path)) == num_frames
