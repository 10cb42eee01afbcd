"""Host "hf": the vision models of transformers, from a hub id or a folder, or untrained by type."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from graftwork.bases.chain import Chain, find_chain
from graftwork.bases.hf_files import HubFiles, find_folder
from graftwork.bases.hf_port import read_port
from graftwork.bases.loading import digest_file
from graftwork.bases.registry import BaseSummary, Blueprint, Request
from graftwork.documents.card import InputPort, Origin
from graftwork.errors import BaseNotUsable, ImageSizeError, MissingExtra, did_you_mean

__all__ = ["TransformersHost"]

LICENSE_OF_CODE = "Apache-2.0"


class TransformersHost:
    """Bases such as "hf:google/vit-base-patch16-224", "hf:FOLDER" and "random:hf:vit"."""

    name = "hf"

    def open(self, name: str, request: Request) -> Blueprint:
        library = import_transformers()
        files = None if is_type(library, name) else find_folder(name, weights=request.weights)
        if files is None and request.weights:
            raise BaseNotUsable(
                f"'hf:{name}' names a type of model, which has no weights.",
                hint=f"Use 'random:hf:{name}' untrained, or name a model of the hub.",
            )
        config = read_config(library, name, files)
        port, note = read_port(config, files.preprocessor if files else None, request.image_size)
        model, report = build(library, name, config, files, request)
        return draw(name, Opened(model, config, port, note, files), report, request)

    def summaries(self) -> Iterable[BaseSummary]:
        return ()


@dataclass(frozen=True)
class Opened:
    """A model of transformers with what is known of it."""

    model: nn.Module
    config: Any
    port: InputPort
    note: str | None
    files: HubFiles | None


@dataclass(frozen=True)
class Loaded:
    """Names of the model's tensors that were loaded, and of the weights' that found no place."""

    names: frozenset[str]
    unexpected: tuple[str, ...]


class TensorOnly:
    """Mixed into a model's class: calling it gives the logits, or else the features, as one tensor."""

    call_options: dict[str, Any]

    def forward(self, x: Tensor) -> Tensor:
        parent: Any = super()
        return answer_of(parent.forward(x, **self.call_options))


def import_transformers() -> Any:
    """Return the library.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtra(
            "The host 'hf' needs the library transformers, which is not installed.",
            hint="Install it with: pip install 'graftwork[transformers]'.",
        ) from error
    return transformers


def is_type(library: Any, name: str) -> bool:
    """Whether ``name`` is a type of model such as "vit", rather than a hub id or a folder."""
    return "/" not in name and name in library.CONFIG_MAPPING and not Path(name).is_dir()


def read_config(library: Any, name: str, files: HubFiles | None) -> Any:
    """Return the configuration of a model, or the default one of its type.

    Raises:
        BaseNotUsable: it does not read, is of no known type, or needs code of its own.
    """
    if files is None:
        return default_config(library, name)
    try:
        content = json.loads(files.config.read_text(encoding="utf-8"))
        kind = content["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaseNotUsable(
            f"{files.config} is no configuration of a transformers model ({type(error).__name__}: {error}).",
            hint="It is written by model.save_pretrained(folder).",
        ) from error
    if kind not in library.CONFIG_MAPPING:
        code = " and brings code of its own, which is not run" if "auto_map" in content else ""
        raise BaseNotUsable(
            f"'hf:{name}' is a model of type '{kind}', which transformers {library.__version__} does not know{code}.",
            hint=did_you_mean(kind, list(library.CONFIG_MAPPING)) or "Update transformers, or take another.",
        )
    try:
        return library.AutoConfig.from_pretrained(
            files.folder, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # each type checks its own settings in its own way
        raise BaseNotUsable(
            f"{files.config} is no valid configuration of type '{kind}' ({first_line(error)}).",
            hint="It is written by model.save_pretrained(folder).",
        ) from error


def default_config(library: Any, kind: str) -> Any:
    """Return the default configuration of a type; of several classifiers it takes the first."""
    config = library.AutoConfig.for_model(kind)
    known = library.models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.get(kind)
    if known and not config.architectures:
        config.architectures = [known if isinstance(known, str) else known[0]]
    return config


def build(
    library: Any, name: str, config: Any, files: HubFiles | None, request: Request
) -> tuple[nn.Module, Loaded]:
    """Build the model and fill it; untrained weights depend on the seed only.

    Raises:
        BaseNotUsable: it is no model of images, or its weights do not load.
    """
    auto = auto_class(library, name, config)
    with torch.random.fork_rng(devices=[]), quiet(library):
        torch.manual_seed(request.seed)
        try:
            if files is None or not request.weights:
                return auto.from_config(config, trust_remote_code=False).eval(), Loaded(frozenset(), ())
            model, info = auto.from_pretrained(
                files.folder,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                dtype=torch.float32,
            )
        except Exception as error:  # each type fails in its own way
            raise BaseNotUsable(
                f"transformers cannot build 'hf:{name}' ({first_line(error)}).",
                hint="Take another base, or check the folder's files.",
            ) from error
    missing = set(info["missing_keys"])
    names = frozenset(n for n in model.state_dict() if n not in missing)
    return model.eval(), Loaded(names, tuple(sorted(info["unexpected_keys"])))


def auto_class(library: Any, name: str, config: Any) -> Any:
    """Return the class that builds a model: for image classification where there is one.

    Raises:
        BaseNotUsable: the type is of no model for images.
    """
    mapping = library.models.auto.modeling_auto
    kind = config.model_type
    architectures = config.architectures or []
    classifies = kind in mapping.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    if classifies and (not architectures or any("ImageClassification" in a for a in architectures)):
        return library.AutoModelForImageClassification
    is_visual = classifies or hasattr(config, "image_size") or hasattr(config, "num_channels")
    if not is_visual or kind not in mapping.MODEL_MAPPING_NAMES:
        raise BaseNotUsable(
            f"'hf:{name}' is a model of type '{kind}', which does not take images alone.",
            hint="Take a vision model, such as 'hf:google/vit-base-patch16-224'.",
        )
    return library.AutoModel


class quiet:  # noqa: N801 — reads as a statement: with quiet(library)
    """Keep a library's progress bars and advice off the terminal for a while."""

    def __init__(self, library: Any) -> None:
        self.log = library.utils.logging

    def __enter__(self) -> None:
        self.level, self.bars = self.log.get_verbosity(), self.log.is_progress_bar_enabled()
        self.log.set_verbosity_error()
        self.log.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        self.log.set_verbosity(self.level)
        if self.bars:
            self.log.enable_progress_bar()


def draw(name: str, opened: Opened, loaded: Loaded, request: Request) -> Blueprint:
    """Return the blueprint of a model, opened into a chain as far as it is one."""
    model, graph = as_chain(name, opened, request)
    kind = opened.config.model_type
    return Blueprint(
        module=model,
        title=f"{name.rstrip('/').rpartition('/')[2]} ({kind})",
        architecture=f"hf:{Path(name).expanduser().resolve() if is_local(opened) else name}",
        port=opened.port,
        origin=origin_of(name, opened, request, is_opened=graph is not None),
        loaded=loaded.names,
        unexpected=loaded.unexpected,
        classifier_names=classifier_of(opened.model),
        graph=graph,
    )


def is_local(opened: Opened) -> bool:
    """Whether the model lies in a folder of the user's, whose path has to hold wherever one stands."""
    return opened.files is not None and not opened.files.is_from_hub


def as_chain(name: str, opened: Opened, request: Request) -> tuple[nn.Module, fx.Graph | None]:
    """Return the model as a module that gives one tensor, and its graph when it is a chain.

    Raises:
        ImageSizeError: the model does not take images of the port's size.
    """
    model, port = opened.model, opened.port
    options = call_options(model, opened.config, port)
    source = torch.Generator().manual_seed(0)
    x = torch.rand((2, port.channels, port.height, port.width), generator=source)
    try:
        graph = find_chain(model, x, answer_of, **options)
        if graph is not None:
            return Chain(model, graph), graph
    except (RuntimeError, ValueError, TypeError, AttributeError, AssertionError, LookupError) as error:
        raise ImageSizeError(
            f"Base 'hf:{name}' cannot take images of {port.height}×{port.width} pixels ({first_line(error)}).",
            hint="Leave the image size out."
            if request.image_size
            else "Its preprocessor_config.json and config.json may not agree.",
            image_size=port.height,
        ) from error
    kind = type(model)
    model.__class__ = type(kind.__name__, (TensorOnly, kind), {"__module__": kind.__module__})
    model.call_options = options  # type: ignore[assignment]
    return model, None


def call_options(model: nn.Module, config: Any, port: InputPort) -> dict[str, Any]:
    """Return the arguments beside the images: position embeddings are resampled at another size."""
    options: dict[str, Any] = {}
    names = inspect.signature(model.forward).parameters
    size = getattr(config, "image_size", None)
    built = size if isinstance(size, int) else (size or [None])[0]
    if "interpolate_pos_encoding" in names and built is not None and built != port.height:
        options["interpolate_pos_encoding"] = True
    return options


def answer_of(output: Any) -> Tensor:
    """Return the tensor that counts: logits, else the pooled features, else the last features."""
    for key in ("logits", "pooler_output", "image_embeds", "last_hidden_state"):
        value = output.get(key) if isinstance(output, dict) else None
        if isinstance(value, Tensor):
            return value
    if isinstance(output, Tensor):
        return output
    values = output.values() if isinstance(output, dict) else output
    found = next((value for value in values if isinstance(value, Tensor)), None)
    if found is None:
        raise TypeError(f"The model gives no tensor, but a {type(output).__name__}.")
    return found


def classifier_of(model: nn.Module) -> tuple[str, ...] | None:
    """Return the modules that give the classes; empty when the model has none."""
    names = [name for name, _ in model.named_children()]
    heads = tuple(n for n in names if n.endswith("classifier") or n in ("head", "fc"))
    if "ForImageClassification" not in type(model).__name__:
        return ()
    return heads or None


def origin_of(name: str, opened: Opened, request: Request, *, is_opened: bool) -> Origin:
    notes = [opened.note] if opened.note else []
    if not is_opened:
        notes.append("Its parts do not follow one another in a chain, so it is one stage.")
    files = opened.files
    if files is None or not request.weights:
        return Origin(source="random", license=LICENSE_OF_CODE, note=" ".join(["Untrained weights.", *notes]))
    source = f"hf-hub:{name}" if files.is_from_hub else f"folder:{files.folder}"
    one_file = files.weights[0] if len(files.weights) == 1 else None
    return Origin(
        source=source,
        license=files.license,
        digest=digest_file(one_file) if one_file else None,
        size_bytes=sum(path.stat().st_size for path in files.weights),
        note=" ".join(notes) or None,
    )


def first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
