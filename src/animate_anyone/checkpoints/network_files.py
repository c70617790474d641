"""Weight files of the networks that measure, as data: where they were published, with which hash and licence."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from animate_anyone.checkpoints.sources import APACHE_2, MIT

BSD_3 = "BSD-3-Clause"


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A published weight file."""

    name: str
    """Of the file."""
    page: str
    """Where its publisher describes it."""
    url: str | None
    """Where it is downloaded from; None if there is no address that serves the file itself."""
    sha256: str | None
    """None if no hash was published: then any file is taken that fits the network, and its own hash is reported."""
    licence: str
    trained_by: str


FID_INCEPTION = NetworkFile(
    name="pt_inception-2015-12-05-6726825d.pth",
    page="https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights",
    url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    licence=APACHE_2,
    trained_by="Google, on ImageNet; ported by Maximilian Seitzer",
)

I3D_KINETICS = NetworkFile(
    name="i3d_pretrained_400.pt",
    page="https://github.com/wilson1yan/VideoGPT",
    # VideoGPT's own file is on a drive that serves no plain files. This is Open-Sora-Plan's copy of it at a pinned
    # revision; the hash is that of the large-file pointer in that project's repository.
    url="https://huggingface.co/spaces/LanguageBind/Open-Sora-Plan-v1.0.0/resolve/"
    "810fa8c4bdb3a4c8eec9bd57375c29bde6fb46de/opensora/eval/fvd/videogpt/i3d_pretrained_400.pt",
    sha256="55095f049e706479d48e221adcdb145b2b9dc930ba28b081ed72367ffaa32343",
    licence=APACHE_2,
    trained_by="DeepMind, on Kinetics-400; ported by AJ Piergiovanni",
)

RESNET3D_KINETICS = NetworkFile(
    name="resnet-50-kinetics.pth",
    page="https://github.com/kenshohara/3D-ResNets-PyTorch",
    url=None,
    sha256=None,
    licence=MIT,
    trained_by="Kensho Hara, on Kinetics-400",
)

VGG16 = NetworkFile(
    name="vgg16-397923af.pth",
    page="https://docs.pytorch.org/vision/stable/models/vgg.html",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    licence=BSD_3,
    trained_by="the authors of torchvision, on ImageNet",
)

ALEXNET = NetworkFile(
    name="alexnet-owt-7be5be79.pth",
    page="https://docs.pytorch.org/vision/stable/models/alexnet.html",
    url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    licence=BSD_3,
    trained_by="the authors of torchvision, on ImageNet",
)

NETWORK_FILES: Mapping[str, NetworkFile] = MappingProxyType(
    {file.name: file for file in (FID_INCEPTION, I3D_KINETICS, RESNET3D_KINETICS, VGG16, ALEXNET)}
)

LPIPS_HEADS: Mapping[str, str] = MappingProxyType(
    {
        "vgg.pth": "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        "alex.pth": "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
    }
)
"""SHA-256 of the heads of LPIPS 0.1 (BSD-2-Clause, Richard Zhang et al.), which the package torchmetrics carries."""
