"""The shelf of methods: one line per entry."""

from vfal.core.shelf import take_down
from vfal.method import Method

SHELF = {
    "adsm": "vfal.methods.adsm:AdversarialDeepSemanticMatching",
    "aml": "vfal.methods.aml:AdversarialMetricLearning",
    "archetype_agnostic": "vfal.methods.archetype_agnostic:ArchetypeAgnostic",
    "clip_style": "vfal.methods.clip_style:ClipStyle",
    "cmpc": "vfal.methods.cmpc:CrossModalPrototypeContrast",
    "detach_and_enhance": "vfal.methods.detach_and_enhance:DetachAndEnhance",
    "dimnet": "vfal.methods.dimnet:DisjointMapping",
    "disentangled": "vfal.methods.disentangled:DisentangledFactors",
    "dual_enhanced": "vfal.methods.dual_enhanced:DualEnhancedSiamese",
    "emnet": "vfal.methods.emnet:ElasticMatching",
    "fop": "vfal.methods.fop:FusionAndOrthogonalProjection",
    "fuse_after_align": "vfal.methods.fuse_after_align:FuseAfterAlign",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "gmod": "vfal.methods.gmod:MinedPositives",
    "joint_embeddings": "vfal.methods.joint_embeddings:JointEmbeddings",
    "lafv": "vfal.methods.lafv:LearningAssociationsOfFacesAndVoices",
    "learnable_pins": "vfal.methods.learnable_pins:LearnablePins",
    "lifted_structure": "vfal.methods.lifted_structure:LiftedStructure",
    "msm": "vfal.methods.msm:MaximumSeparation",
    "multilingual": "vfal.methods.multilingual:MultilingualPerspective",
    "paeff": "vfal.methods.paeff:AlignedGatedFusion",
    "pair_classifier": "vfal.methods.pair_classifier:PairClassifier",
    "sbnet": "vfal.methods.sbnet:SingleBranchNetwork",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
    "self_lifting": "vfal.methods.self_lifting:SelfLifting",
    "ssnet": "vfal.methods.ssnet:SingleStreamNetwork",
    "svhf": "vfal.methods.svhf:SeeingVoicesHearingFaces",
    "trinet": "vfal.methods.trinet:TriNet",
    "vfnet": "vfal.methods.vfnet:CrossModalDiscriminativeNetwork",
}


def get_method(name: str) -> type[Method]:
    """The class of the method of that name."""
    entry: type[Method] = take_down(SHELF, name, "methods")
    return entry
