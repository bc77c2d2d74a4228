"""The shelf of methods: one line per entry."""

from vfal.core.shelf import take_down
from vfal.method import Method

SHELF = {
    "archetype_agnostic": "vfal.methods.archetype_agnostic:ArchetypeAgnostic",
    "dimnet": "vfal.methods.dimnet:DisjointMapping",
    "emnet": "vfal.methods.emnet:ElasticMatching",
    "adsm": "vfal.methods.adsm:AdversarialDeepSemanticMatching",
    "aml": "vfal.methods.aml:AdversarialMetricLearning",
    "dual_enhanced": "vfal.methods.dual_enhanced:DualEnhancedSiamese",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "pair_classifier": "vfal.methods.pair_classifier:PairClassifier",
    "clip_style": "vfal.methods.clip_style:ClipStyle",
    "detach_and_enhance": "vfal.methods.detach_and_enhance:DetachAndEnhance",
    "disentangled": "vfal.methods.disentangled:DisentangledFactors",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "msm": "vfal.methods.msm:MaximumSeparation",
    "paeff": "vfal.methods.paeff:AlignedGatedFusion",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
    "vfnet": "vfal.methods.vfnet:CrossModalDiscriminativeNetwork",
    "joint_embeddings": "vfal.methods.joint_embeddings:JointEmbeddings",
    "lafv": "vfal.methods.lafv:LearningAssociationsOfFacesAndVoices",
    "lifted_structure": "vfal.methods.lifted_structure:LiftedStructure",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
    "trinet": "vfal.methods.trinet:TriNet",
    "fop": "vfal.methods.fop:FusionAndOrthogonalProjection",
    "multilingual": "vfal.methods.multilingual:MultilingualPerspective",
    "sbnet": "vfal.methods.sbnet:SingleBranchNetwork",
    "ssnet": "vfal.methods.ssnet:SingleStreamNetwork",
    "cmpc": "vfal.methods.cmpc:CrossModalPrototypeContrast",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "learnable_pins": "vfal.methods.learnable_pins:LearnablePins",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
    "self_lifting": "vfal.methods.self_lifting:SelfLifting",
    "svhf": "vfal.methods.svhf:SeeingVoicesHearingFaces",
}


def get_method(name: str) -> type[Method]:
    """The class of the method of that name."""
    entry: type[Method] = take_down(SHELF, name, "methods")
    return entry
