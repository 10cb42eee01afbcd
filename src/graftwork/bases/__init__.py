"""L3: pretrained models as chains of stages, from several hosts."""

from __future__ import annotations

from graftwork.bases.base import Base, Stage, check_cut
from graftwork.bases.bundled import BundledHost
from graftwork.bases.digest import digest_tensors
from graftwork.bases.from_file import FileHost
from graftwork.bases.from_keras import KerasHost
from graftwork.bases.from_module import open_module
from graftwork.bases.from_run import RunHost
from graftwork.bases.from_timm import TimmHost
from graftwork.bases.from_torchvision import TorchvisionHost
from graftwork.bases.from_transformers import TransformersHost
from graftwork.bases.opening import list_bases, open_base
from graftwork.bases.pyramid import choose_skips, map_stages
from graftwork.bases.registry import BaseSummary, Blueprint, Host, Request, list_hosts, register_host
from graftwork.bases.source_head import SourceHead, open_source_head, source_probabilities

__all__ = [
    "Base",
    "BaseSummary",
    "Blueprint",
    "Host",
    "Request",
    "SourceHead",
    "Stage",
    "check_cut",
    "choose_skips",
    "digest_tensors",
    "list_bases",
    "list_hosts",
    "map_stages",
    "open_base",
    "open_module",
    "open_source_head",
    "register_host",
    "source_probabilities",
]

for _host in (
    BundledHost(),
    TimmHost(),
    TorchvisionHost(),
    KerasHost(),
    TransformersHost(),
    FileHost(),
    RunHost(),
):
    register_host(_host)
