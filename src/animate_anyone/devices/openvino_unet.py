"""The denoising UNet run by OpenVINO: on a CPU faster than by torch, with the same result in single precision.

OpenVINO takes graphs of tensors. What the UNet is given besides tensors, the structure of its conditions, is fixed when
a graph is made, so there is one for each structure and shape: two for a clip with guidance.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from animate_anyone.models.conditions import Conditions, tensors_in, with_tensors
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures

Precision = Literal["f32", "bf16"]
Key = tuple[tuple[int, ...], ...]


class OpenVinoUNet:
    """Takes the place of a `DenoisingUNet` in a pipeline. The first call with a shape takes longer, by its conversion.

    Args:
        network: what is converted; in single precision, on the CPU.
        precision: what OpenVINO computes in; bf16 is a hint that it follows where the processor has it.
    """

    def __init__(self, network: DenoisingUNet, *, precision: Precision):
        self.network = network
        self.precision = precision
        self.graphs: dict[Key, Any] = {}

    @property
    def dtype(self) -> torch.dtype:
        """Of inputs and outputs."""
        return self.network.dtype

    @property
    def config(self) -> Mapping[str, Any]:
        """The network's."""
        return self.network.config

    def project(
        self, image_tokens: Tensor, reference: ReferenceFeatures | ControlResiduals | None = None
    ) -> Conditions:
        """As `DenoisingUNet.project`; by torch, as it is done once a clip."""
        return self.network.project(image_tokens, reference)

    def __call__(self, latents: Tensor, timestep: Tensor, conditions: Conditions, *, pose_features: Tensor) -> Tensor:
        """As `DenoisingUNet.forward` with conditions that were projected."""
        inputs = (latents, timestep, pose_features, *tensors_in(conditions))
        key = tuple(tuple(tensor.shape) for tensor in inputs)
        if key not in self.graphs:
            self.graphs[key] = self._converted(conditions, inputs)
        outputs = self.graphs[key]([tensor.contiguous().numpy() for tensor in inputs])
        # A copy, as the next call writes to the same memory.
        return torch.from_numpy(outputs[0].copy())

    def _converted(self, like: Conditions, inputs: tuple[Tensor, ...]) -> Any:
        import openvino  # pyright: ignore[reportMissingImports]  (an extra)

        with warnings.catch_warnings():
            # Of torch, at what OpenVINO uses of it.
            warnings.simplefilter("ignore", FutureWarning)
            exported = torch.export.export(_OfTensors(self.network, like), inputs)
            graph = openvino.convert_model(exported)
        settings = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        return openvino.compile_model(graph, "CPU", settings)


class _OfTensors(nn.Module):
    """The network as a function of tensors alone, for conditions of one structure."""

    def __init__(self, network: DenoisingUNet, like: Conditions):
        super().__init__()
        self.network = network
        self.like = like

    def forward(self, latents: Tensor, timestep: Tensor, pose_features: Tensor, *tensors: Tensor) -> Tensor:
        remaining = iter(tensors)
        conditions = with_tensors(self.like, lambda _: next(remaining))
        return self.network(latents, timestep, conditions, pose_features=pose_features)
