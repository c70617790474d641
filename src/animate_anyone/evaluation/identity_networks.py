"""The networks that identity is measured with: where they are published, and how to open them, hashes checked."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from animate_anyone.checkpoints.download import fetch, sha256_of
from animate_anyone.checkpoints.keymap import Drop, KeyMap, load_into
from animate_anyone.checkpoints.readers import find_weights, read_weights
from animate_anyone.checkpoints.sources import APACHE_2, MIT, HubFile, Source
from animate_anyone.errors import CheckpointError
from animate_anyone.metrics.identity import FACE_SIDE, FaceNetwork
from animate_anyone.pose.onnx_detector import PROVIDERS, import_runtime

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

CLIP_VIT_B32 = Source(
    name="CLIP ViT-B/32",
    repo="openai/clip-vit-base-patch32",
    revision="3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
    files=(
        HubFile(
            path="config.json",
            saved_as="config.json",
            sha256="b575ef3c36f2a057fa19e221650105052d61cc9c1a972ec15019c6261ec98770",
        ),
        # The repository's main branch has no safetensors file of these weights.
        HubFile(
            path="pytorch_model.bin",
            saved_as="pytorch_model.bin",
            sha256="a63082132ba4f97a80bea76823f544493bffa8082296d62d71581a4feff1576f",
        ),
    ),
    licence=MIT,
    trained_by="OpenAI",
    components=(),
)
"""605 MB: both of CLIP's encoders, of which the one of images is read."""

SFACE = Source(
    name="SFace",
    repo="opencv/face_recognition_sface",
    revision="3d7082438a6e4551e840c9b2bb60b71e8da4b524",
    files=(
        HubFile(
            path="face_recognition_sface_2021dec.onnx",
            saved_as="face_recognition_sface_2021dec.onnx",
            sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        ),
    ),
    licence=APACHE_2,
    trained_by="Zhong et al. (2021); published by OpenCV Zoo",
    components=(),
)
"""39 MB. Pixels (1, 3, 112, 112), RGB in 0 to 255, become (1, 128); it normalises within."""

IMAGE_ENCODER_KEYS = KeyMap(
    drops=(
        Drop(r"text_model\..*|text_projection\..*|logit_scale", reason="the encoder of texts"),
        Drop(r"vision_model\.embeddings\.position_ids", reason="counts from 0, and is made anew"),
    )
)

ERRORS_ONLY = 3
"""A level of onnxruntime: it warns of each of the 174 weights that SFace lists among its inputs."""


def open_clip(folder: Path | None = None, *, device: str | torch.device = "cpu") -> "CLIPVisionModelWithProjection":
    """CLIP's image encoder, ViT-B/32, for `metrics.identity.clip_similarity`.

    Args:
        folder: Holds the published files under their names. None: they come from the hub, or from its cache.
        device: Where it is to run.

    Raises:
        CheckpointError: A file is missing, cannot be downloaded, or is not the published one.
    """
    with TemporaryDirectory() as scratch:
        place = Path(scratch) if folder is None else folder
        _provide(CLIP_VIT_B32, place, download=folder is None)
        model: Any = read_clip(place)
        return model.to(device)


def read_clip(folder: Path) -> "CLIPVisionModelWithProjection":
    """The image encoder of any CLIP model in a folder of transformers, in single precision, its hashes not checked.

    Raises:
        CheckpointError: The configuration or the weights cannot be read, or do not fit together.
    """
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    try:
        config = CLIPVisionConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"'{folder}' has no configuration of a CLIP model: {error}") from error
    model = CLIPVisionModelWithProjection(config)
    path = find_weights(folder, "model", other_stems=("pytorch_model",))
    load_into(model, read_weights(path), source=str(path), keymap=IMAGE_ENCODER_KEYS)
    return model.eval()


def open_sface(file: Path | None = None) -> FaceNetwork:
    """The face network, for `metrics.identity.face_similarity`.

    Args:
        file: The published file. None: it comes from the hub, or from its cache.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        CheckpointError: The file is missing, cannot be downloaded, or is not the published one.
    """
    import_runtime(purpose="The similarity of faces")  # before anything is downloaded for nothing
    (published,) = SFACE.files
    if file is not None:
        _check(SFACE, published, file)
        return read_face_network(file)
    with TemporaryDirectory() as folder:
        _provide(SFACE, Path(folder), download=True)
        return read_face_network(Path(folder) / published.saved_as)


def read_face_network(file: Path) -> FaceNetwork:
    """A face network with the inputs and outputs of SFace, its hash not checked.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        CheckpointError: It is no network, or one of other inputs and outputs.
    """
    runtime = import_runtime(purpose="The similarity of faces")
    options: Any = runtime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    providers = [name for name in PROVIDERS if name in runtime.get_available_providers()]
    try:
        session = runtime.InferenceSession(str(file), options, providers=providers)
    except Exception as error:  # The runtime's errors share no base class of their own.
        raise CheckpointError(f"'{file}' cannot be opened as an ONNX network: {error}") from error
    inputs = [tuple(value.shape) for value in session.get_inputs()]
    outputs = [tuple(value.shape) for value in session.get_outputs()]
    if inputs != [(1, 3, FACE_SIDE, FACE_SIDE)] or len(outputs) != 1 or len(outputs[0]) != 2:
        raise CheckpointError(
            f"'{file}' is not a face network: expected one input of shape (1, 3, {FACE_SIDE}, {FACE_SIDE}) and one "
            f"output of shape (1, E); got {inputs} and {outputs}."
        )
    return session


def _provide(source: Source, folder: Path, *, download: bool) -> None:
    """Sees to it that the published files are in a folder: those on the hub, or those that are there."""
    if download:
        fetch([source], folder)
        return
    for file in source.files:
        _check(source, file, folder / file.saved_as)


def _check(source: Source, file: HubFile, path: Path) -> None:
    if not path.is_file():
        raise CheckpointError(
            f"There is no file '{path}'. {source.name} needs '{file.path}' ({source.licence}). Get it from "
            f"{source.url}, or give no place of your own, and it is downloaded."
        )
    if file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        raise CheckpointError(
            f"'{path}' is not the published '{file.path}' of {source.name}: its SHA-256 is {found}, expected "
            f"{file.sha256}. Get it from {source.url}."
        )
