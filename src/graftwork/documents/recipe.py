"""The recipe: all training choices of a flow, stated once.

Each field gives its validation, its command-line option (``--set name=value``), its JSON schema and
its line in the reference.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graftwork.documents.document import Document

__all__ = [
    "Augmentation",
    "BatchNormMode",
    "Moving",
    "OptimizerName",
    "Precision",
    "Recipe",
    "ScheduleName",
    "StageRates",
    "Strategy",
]

Strategy = Literal["head_only", "some_layers", "most_layers", "all_layers", "from_scratch", "probe_then_tune"]
BatchNormMode = Literal["held", "follow", "adapt"]
Moving = Literal["all", "norm", "bias", "lora"]
StageRates = Literal["same", "auto_rgn"]
Augmentation = Literal["none", "light", "strong"]
OptimizerName = Literal["adamw", "adam", "sgd", "rmsprop", "adagrad"]
ScheduleName = Literal["one_cycle", "cosine", "step", "constant"]
Precision = Literal["auto", "float32", "bfloat16"]
MemoryFormat = Literal["auto", "contiguous", "channels_last"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class Recipe(Document):
    """All training choices of a flow."""

    epochs: Count = Field(20, description="Passes over the training images in the main phase.")
    probe_first: bool = Field(
        True,
        description="With unfrozen layers: first train the head on the frozen base, then tune from there "
        "(Kumar 2022, arXiv:2202.10054).",
    )
    probe_epochs: Count | None = Field(
        None, description="Passes of the probe phase. Empty: as many as epochs, at least 20."
    )
    batch: Count = Field(64, description="Images in one optimizer step.")
    accumulate: Count = Field(
        1, description="Steps whose gradients make one update, a mean over all their images."
    )
    optimizer: OptimizerName = Field("adamw", description="Rule that turns gradients into updates.")
    learning_rate: Positive | None = Field(
        None,
        description="Peak learning rate of the main phase. Empty: 3e-3 for a head alone, 1e-3 from scratch and "
        "where only norms, biases or LoRA move, 1e-4 for unfrozen pretrained layers (SGD: ten times as much).",
    )
    probe_learning_rate: Positive | None = Field(
        None, description="Peak learning rate of the probe phase. Empty: 3e-3 (SGD: 3e-2)."
    )
    layer_decay: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        1.0, description="Learning rate of a stage = rate · decay^(distance from the head)."
    )
    stage_rates: StageRates = Field(
        "same",
        description="'same': as layer_decay says; 'auto_rgn': measured at the start of each epoch, a stage's rate = "
        "rate · (gradient norm / parameter norm), as a share of the largest (Lee 2023, arXiv:2210.11466).",
    )
    unfreeze_every: Count | None = Field(
        None,
        description="Gradual unfreezing: the main phase begins with the topmost stages free and frees the next ones "
        "after each so many epochs, down to the cut (Howard 2018, arXiv:1801.06146). Empty: all at once.",
    )
    unfreeze_stages: Count = Field(1, description="Gradual unfreezing: how many stages are freed at a time.")
    weight_decay: Annotated[float, Field(ge=0.0)] = Field(
        0.01, description="Pull of weights towards zero; norms and biases are left out."
    )
    l2_sp: Annotated[float, Field(ge=0.0)] | None = Field(
        None,
        description="L2-SP: pull of unfrozen pretrained weights back to where they began, α in α/2·‖w − w0‖², "
        "instead of weight decay; 0.1 is usual (Li 2018, arXiv:1802.01483). Empty: off.",
    )
    l2_sp_head: Annotated[float, Field(ge=0.0)] | None = Field(
        None, description="With L2-SP: pull of new parts towards zero, β in β/2·‖w‖². Empty: 0.01."
    )
    bss: Annotated[float, Field(ge=0.0)] = Field(
        0.0,
        description="Batch spectral shrinkage: weight of the smallest squared singular values of a batch's features; "
        "0.001 is usual (Chen 2019, NeurIPS 32). 0: off.",
    )
    bss_values: Count = Field(1, description="With bss: how many of the smallest singular values count.")
    delta: Annotated[float, Field(ge=0.0)] = Field(
        0.0,
        description="DELTA: weight of the distance between the features of the tuned and the pretrained base, channels "
        "that matter to the task counting more (Li 2019, arXiv:1901.09229). 0: off.",
    )
    co_tuning: Annotated[float, Field(ge=0.0)] = Field(
        0.0,
        description="Co-Tuning: weight of the loss of the base's old classifier, tuned on the source classes that each "
        "class looks like (You 2020, NeurIPS 33). 0: off.",
    )
    further_terms: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        default_factory=dict, description="Weights of loss terms that installed packages offer, by name."
    )
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.9, description="Momentum of SGD and RMSprop.")
    schedule: ScheduleName = Field("cosine", description="Course of the learning rate over the steps.")
    warmup: Share = Field(0.1, description="Share of the steps in which the rate rises from zero.")
    step_epochs: Count = Field(10, description="Schedule 'step': epochs between two drops.")
    step_factor: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.1, description="Schedule 'step': factor of each drop."
    )
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the label's probability that is spread over all classes."
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="'balanced': rare classes weigh more in the loss."
    )
    image_weights: str | None = Field(
        None,
        description="Table (CSV) with the columns key and weight, as graftwork weigh writes it: how much each training image "
        "counts in the loss. Scaled to mean 1; images that are not in it count 0.",
    )
    clip_norm: Positive | None = Field(
        1.0, description="Largest gradient norm; longer gradients are shortened. Empty: no limit."
    )
    early_stop: Count | None = Field(
        None, description="Epochs without a better validation score before a phase ends. Empty: never."
    )
    monitor: Literal["loss", "accuracy", "balanced_accuracy"] = Field(
        "accuracy",
        description="Validation score that picks the best checkpoint; the lower loss decides between equals.",
    )
    augment: Augmentation = Field("none", description="Random changes of training images, new in each epoch.")
    cached_views: Count = Field(
        4, description="With a frozen base and augmentation: how many fixed augmented views are cached."
    )
    feature_cache: Literal["auto", "off"] = Field(
        "auto", description="Store the outputs at the freeze boundary once ('auto'), or never."
    )
    precision: Precision = Field(
        "auto", description="Number format of the base's forward pass; 'auto' is measured on this machine."
    )
    memory_format: MemoryFormat = Field(
        "auto", description="Layout of image tensors; 'auto' is measured on this machine."
    )
    checkpoint_seconds: Positive = Field(
        30.0,
        description="A checkpoint is written this often inside an epoch, and at an epoch's end unless the last one "
        "is less than a second old.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="Start of all random draws: split, head, order, augmentation, dropout."
    )
