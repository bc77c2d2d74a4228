"""The published lists: what each must be, and the defects it is known to have."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A published list: name, repository and commit, git blob (empty: not on record), rows, its split."""

    name: str
    origin: str
    blob: str
    rows: int
    split: str


# Blobs authenticate a copy (`git hash-object`), those of lists too large for most mirrors included.
KNOWN = (
    Known(
        "jpg_20k.csv", "Cocoxili/CMPC@760b65f", "d5e513317c3b72ba79debbe1d4f7c4530a60d1e4", 20000, "pins test"
    ),
    Known("matching_f2v_G.csv", "Cocoxili/CMPC@760b65f", "", 10000, "pins test"),
    Known("matching_f2v_GN.csv", "Cocoxili/CMPC@760b65f", "", 9120, "pins test"),
    Known("matching_f2v_N.csv", "Cocoxili/CMPC@760b65f", "", 9360, "pins test"),
    Known(
        "matching_f2v_U.csv",
        "Cocoxili/CMPC@760b65f",
        "7f404f3ff5711cb78705eec486f5fcdeb13df5f2",
        10000,
        "pins test",
    ),
    Known(
        "matching_v2f_G.csv",
        "Cocoxili/CMPC@760b65f",
        "efd01e0107397dc52c4f47e9e0db3b600ff113c6",
        10000,
        "pins test",
    ),
    Known("matching_v2f_GN.csv", "Cocoxili/CMPC@760b65f", "", 9120, "pins test"),
    Known(
        "matching_v2f_N.csv",
        "Cocoxili/CMPC@760b65f",
        "0a7feedb0af87e97cf5dbab48c9198002b035073",
        9360,
        "pins test",
    ),
    Known(
        "matching_v2f_U.csv",
        "Cocoxili/CMPC@760b65f",
        "3b520b7cd669db0b0071b810a577d3ccb32028c0",
        10000,
        "pins test",
    ),
    Known("veriflist_test_A_seenheard.txt", "Cocoxili/CMPC@760b65f", "", 18020, "pins train"),
    Known("veriflist_test_A_unseenunheard.txt", "Cocoxili/CMPC@760b65f", "", 30496, "pins test"),
    Known("veriflist_test_GNA_seenheard.txt", "Cocoxili/CMPC@760b65f", "", 17380, "pins train"),
    Known("veriflist_test_GNA_unseenunheard.txt", "Cocoxili/CMPC@760b65f", "", 27280, "pins test"),
    Known(
        "veriflist_test_G_seenheard.txt",
        "Cocoxili/CMPC@760b65f",
        "cec43668479ef36826bbe366c1cf713637405ff4",
        18020,
        "pins train",
    ),
    Known(
        "veriflist_test_G_unseenunheard.txt",
        "Cocoxili/CMPC@760b65f",
        "2a0ff5683b2dfab5e12ccdbb22440311776c4707",
        30496,
        "pins test",
    ),
    Known(
        "veriflist_test_N_seenheard.txt",
        "Cocoxili/CMPC@760b65f",
        "9ecd7230752c5b41b7860bc771387861d2c40764",
        17840,
        "pins train",
    ),
    Known(
        "veriflist_test_N_unseenunheard.txt",
        "Cocoxili/CMPC@760b65f",
        "f02b354b65c4ac5d86d3232d9acd4ccee96d7d69",
        28193,
        "pins test",
    ),
    Known(
        "veriflist_test_random_seenheard.txt",
        "Cocoxili/CMPC@760b65f",
        "1cf7620da4f776128c91726a8406b23e527ea1b8",
        18020,
        "pins train",
    ),
    Known(
        "veriflist_test_random_unseenunheard.txt",
        "Cocoxili/CMPC@760b65f",
        "d51161ec2ff14d87b25c62e468aa8a66e63cf68a",
        30496,
        "pins test",
    ),
    Known(
        "wav_20k.csv", "Cocoxili/CMPC@760b65f", "caa76943ac3940fc999d6ec2cd2836b7304fd825", 20000, "pins test"
    ),
    Known(
        "match_f2v_2_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "f0cf1291c8c9310e4d9ad0290c706b15b6039726",
        60228,
        "ssos test",
    ),
    Known(
        "match_g_f2v_2_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "1e9281d69d874c4ea2b944a1140be4cae2b7ba67",
        60228,
        "ssos test",
    ),
    Known(
        "match_g_v2f_2_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "6e105ac56d74074fb4ea6866b54fcf7fced70581",
        65550,
        "ssos test",
    ),
    Known("match_g_v2f_2_val.txt", "KID-7391/seeking-the-shape-of-sound@ccb6b05", "", 42540, "ssos val"),
    Known(
        "match_v2f_2_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "f33d9ae5ee20634c7c2e08a4c112c5aaf4247b9b",
        65550,
        "ssos test",
    ),
    Known(
        "match_v2f_2_val.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "feeaab93511f3e5d97d21194ab06db95118be9b0",
        42546,
        "ssos val",
    ),
    Known("reterival_f2v_test.txt", "KID-7391/seeking-the-shape-of-sound@ccb6b05", "", 2, "ssos test"),
    Known(
        "reterival_v2f_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "d7124749b6ae3bd4d7e7f3384780d93df32ea9d3",
        2,
        "ssos test",
    ),
    Known(
        "verify_f2v_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "469a5053aa0a436921eafc101b2ed2936511db7e",
        60228,
        "ssos test",
    ),
    Known("verify_g_f2v_test.txt", "KID-7391/seeking-the-shape-of-sound@ccb6b05", "", 60228, "ssos test"),
    Known("verify_g_v2f_test.txt", "KID-7391/seeking-the-shape-of-sound@ccb6b05", "", 65550, "ssos test"),
    Known(
        "verify_v2f_test.txt",
        "KID-7391/seeking-the-shape-of-sound@ccb6b05",
        "2e9f4c42244f6c368fe9e3c4614205b1d4da7ae3",
        65550,
        "ssos test",
    ),
    Known(
        "test_V2F_8vox1_label50.txt",
        "w1018979952/ACIENet@e1dc820",
        "c96d444572fe20cfafba193ad7721f4b994f78b8",
        9650,
        "",
    ),
)
BY_NAME = {known.name: known for known in KNOWN}
BY_BLOB = {known.blob: known for known in KNOWN if known.blob}

# VoxCeleb1 ids of the splits of Seeking the Shape of Sound: by first letter of the name (A B, C D E, F to Z).
SSOS_IDS = {"ssos val": (10001, 10116), "ssos test": (10117, 10309), "ssos train": (10310, 11251)}
PINS_NUMBER = {"pins train": "1", "pins val": "2", "pins test": "4"}  # of identity_splits.txt

# People whose gender is wrong in the table behind the PINs lists: their "same gender" negatives cross.
WRONG_GENDER = ("Chadwick_Boseman", "Cilla_Black", "Callan_McAuliffe", "Candice_Patton")
# Defects of published lists that their rows do not show: file name to what is known of it.
DEFECTS = {
    "match_g_v2f_2_val.txt": (
        "42,540 rows instead of the paper's 42,546: probes id10091/J4X3IQCM4xM/00001.wav and "
        "id10091/BsIWeyR9uwU/00001.wav are missing",
    ),
}
