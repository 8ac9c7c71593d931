#!/usr/bin/env python3
"""
Makes scraper/extract/content/content-weights.json and page-type-weights.json from the development split of WCXB, the Web Content eXtraction
Benchmark of Murrough Foley (CC-BY-4.0). The weights are numbers only; no text of the pages goes into them.

    node test/extraction/write-blocks.ts /tmp/training && python3 test/extraction/train.py /tmp/training [--write]

Needs numpy, lightgbm and scikit-learn. Prints word F1 by page type of a five-fold cross-validation in which no host is in two folds, with
`--write` then trains on all pages and writes the weights. The same data and versions give the same weights.
"""
import json, re, sys
from collections import Counter, defaultdict
from pathlib import Path

try:
    import lightgbm, numpy as np
    from sklearn.linear_model import LogisticRegression
except ImportError as missing:
    sys.exit(f"Training needs numpy, lightgbm and scikit-learn (pip install numpy lightgbm scikit-learn): {missing}")

SOURCE = "Trained on the development split of WCXB, the Web Content eXtraction Benchmark of Murrough Foley (CC-BY-4.0); numbers only, no text of it."
FOLDS, FEATURES, TREES, EXPECTED_F1_MIN = 5, 80, 85, 0.3
TREE = dict(objective="cross_entropy", learning_rate=0.1, num_leaves=31, max_bin=63, min_data_in_leaf=60, feature_fraction=0.3, bagging_fraction=0.7,
            bagging_freq=1, lambda_l2=1, seed=1, deterministic=True, num_threads=1, verbose=-1)  # fmt: skip
# By page type, what the log-odds are multiplied by before blocks are chosen, as in main-content.ts.
CHOICE = dict(collection=0.7, documentation=0.8, forum=1.2, listing=0.8, service=0.8)
words_of = re.compile(r"\w+").findall


def main(folder, write):
    if not (folder / "pages.jsonl").exists():
        return print(f"Nothing to train on: {folder} holds no pages.jsonl; node test/extraction/write-blocks.ts makes it", file=sys.stderr)
    names = json.loads((folder / "names.json").read_text())
    pages = [json.loads(line) for line in (folder / "pages.jsonl").open()]
    X = np.fromfile(folder / "features.f32", dtype=np.float32).reshape(-1, len(names["features"]))
    prepare(pages)
    y = np.concatenate([page["share"] for page in pages])
    weight = np.concatenate([page["weight"] for page in pages])
    fold = np.concatenate([np.full(len(page["texts"]), page["fold"]) for page in pages])
    predicted = np.zeros(len(y))
    for k in range(FOLDS):
        seen = fold != k
        columns = best_columns(X[seen], y[seen], weight[seen])
        predicted[~seen] = train(X[seen][:, columns], y[seen], weight[seen]).predict(X[~seen][:, columns])
    decide_types(pages)
    print("cross-validated word F1", by_type(pages, predicted))
    print("cross-validated share of right page types", round(float(np.mean([page["decided"] == page["page_type"] for page in pages])), 4))
    if write:
        here = Path(__file__).parents[2] / "scraper" / "extract" / "content"
        columns = best_columns(X, y, weight)
        model = train(X[:, columns], y, weight)
        dump(here / "content-weights.json", trees_of(model, [names["features"][c] for c in columns]))
        dump(here / "page-type-weights.json", page_type_weights(pages, names["signs"]))


def train(X, y, weight):
    return lightgbm.train(TREE, lightgbm.Dataset(X, y, weight=weight, params=dict(max_bin=TREE["max_bin"])), TREES)


def best_columns(X, y, weight):
    """Each feature costs time on every block: those that a model of all of them gains most from are used."""
    return np.sort(np.argsort(-train(X, y, weight).feature_importance("gain"), kind="stable")[:FEATURES])


def prepare(pages):
    """Adds to each page the words of its blocks, the share of them that is true content, their weight and the page's fold."""
    hosts = sorted({page["host"] for page in pages})
    np.random.RandomState(0).shuffle(hosts)
    folds = {host: i % FOLDS for i, host in enumerate(hosts)}
    start = 0
    for page in pages:
        page["blocks"] = [words_of(text.lower()) for text in page["texts"]]
        page["truth"] = words_of(page["main_content"].lower())
        page["share"] = true_shares(page["blocks"], page["truth"])
        # A block counts by its part of the page's score: its words, as a share of the true content.
        lengths = np.array([len(block) for block in page["blocks"]], float)
        page["weight"] = np.minimum(lengths / max(len(page["truth"]), 30), 1) + 0.0005
        page["fold"], page["start"] = folds[page["host"]], start
        start += len(page["blocks"])


def true_shares(blocks, truth):
    """Share of each block's words that is in the truth in this order: runs of 4 words and more first, then whole shorter blocks in what is left."""
    flat = [word for block in blocks for word in block]
    hit, used = np.zeros(len(flat), bool), np.zeros(len(truth), bool)
    places = defaultdict(list)
    for i in range(len(truth) - 3):
        places[tuple(truth[i : i + 4])].append(i)
    i = last = 0
    while i < len(flat) - 3:
        free = [place for place in places.get(tuple(flat[i : i + 4]), ()) if not used[place]]
        if not free:
            i += 1
            continue
        place, n = min(free, key=lambda p: abs(p - last)), 0
        while i + n < len(flat) and place + n < len(truth) and flat[i + n] == truth[place + n] and not used[place + n]:
            n += 1
        used[place : place + n] = hit[i : i + n] = True
        i, last = i + n, place + n
    left = defaultdict(list)
    for place in np.nonzero(~used)[0]:
        left[truth[place]].append(place)
    shares, start = [], 0
    for block in blocks:
        end = start + len(block)
        if block and hit[start:end].mean() <= 0.5:
            for place in left[block[0]]:
                if truth[place : place + len(block)] == block and not used[place : place + len(block)].any():
                    used[place : place + len(block)] = hit[start:end] = True
                    break
        shares.append(hit[start:end].mean() if block else 0.0)
        start = end
    return np.array(shares)


def sharpened(scores, by):
    odds = np.maximum(scores, 1e-9) / np.maximum(1 - scores, 1e-9)
    return odds**by / (1 + odds**by)


def choose(scores, lengths):
    """The blocks with the best expected F1 over words, as main-content.ts chooses them."""
    order = np.argsort(-scores, kind="stable")
    right, words = np.cumsum(scores[order] * lengths[order]), np.cumsum(lengths[order])
    f1 = 2 * right / np.maximum(words + (scores * lengths).sum(), 1e-9)
    if len(f1) == 0 or f1.max() < EXPECTED_F1_MIN:
        return []
    return order[: int(np.argmax(f1)) + 1]


def by_type(pages, predicted):
    found = defaultdict(list)
    for page in pages:
        scores = predicted[page["start"] : page["start"] + len(page["blocks"])].copy()
        scores[page["filler"]] = 0
        kept = choose(sharpened(scores, CHOICE.get(page["decided"], 1)), np.array(page["words"], float))
        text, truth = [word for i in kept for word in page["blocks"][i]], page["truth"]
        same = sum((Counter(text) & Counter(truth)).values())
        f1 = (0.0 if text else 1.0) if not truth else 2 * same / (len(text) + len(truth))
        found["all"].append(f1)
        found[page["page_type"]].append(f1)
    return {key: round(float(np.mean(values)), 4) for key, values in sorted(found.items())}


def type_data(pages):
    types = sorted({page["page_type"] for page in pages})
    return np.array([page["signs"] for page in pages], float), np.array([types.index(page["page_type"]) for page in pages]), types


def fit_types(X, y):
    """A sign counts between its 5th and 95th percentile only, so that a page unlike all others, a very short one say, is not judged by one sign alone."""
    least, most = np.percentile(X, 5, axis=0), np.percentile(X, 95, axis=0)
    is_flag = ((X == 0) | (X == 1)).all(axis=0)
    least[is_flag], most[is_flag] = 0, 1
    least, most = least.round(3), most.round(3)
    X = np.clip(X, least, most)
    deviation = X.std(0) + 1e-9
    model = LogisticRegression(C=0.02, max_iter=3000).fit((X - X.mean(0)) / deviation, y)
    weights = model.coef_ / deviation
    weights[:, X.std(0) == 0] = 0
    bias = model.intercept_ - weights @ X.mean(0)
    return dict(least=least, most=most, weights=weights - weights.mean(0), bias=bias - bias.mean())


def decide_types(pages):
    """Gives each page the type that a model of the other folds decides on."""
    X, y, types = type_data(pages)
    fold = np.array([page["fold"] for page in pages])
    for k in range(FOLDS):
        fit = fit_types(X[fold != k], y[fold != k])
        for at in np.nonzero(fold == k)[0]:
            pages[at]["decided"] = types[int((fit["weights"] @ np.clip(X[at], fit["least"], fit["most"]) + fit["bias"]).argmax())]


def page_type_weights(pages, signs):
    X, y, types = type_data(pages)
    fit = fit_types(X, y)
    rounded = lambda values: [round(float(value), 4) for value in values]
    ranges = dict(least=rounded(fit["least"]), most=rounded(fit["most"]))
    return dict(source=SOURCE, types=types, signs=signs, **ranges, weights=[rounded(row) for row in fit["weights"]], bias=rounded(fit["bias"]))


def trees_of(model, names):
    """The trees in the form content-model.ts describes."""
    roots = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    thresholds = defaultdict(set)
    for node in (node for root in roots for node in inner(root)):
        thresholds[node["split_feature"]].add(round(node["threshold"], 6))
    used = sorted(thresholds)
    values = {feature: sorted(thresholds[feature]) for feature in used}

    def write(node, nodes):
        if "split_feature" not in node:
            return nodes.append([-1, 0, 0, round(node["leaf_value"] * 1000)])
        feature = node["split_feature"]
        own = [used.index(feature), values[feature].index(round(node["threshold"], 6)), 0, round(node["internal_value"] * 1000)]
        nodes.append(own)
        write(node["left_child"], nodes)
        own[2] = len(nodes)
        write(node["right_child"], nodes)

    trees = []
    for root in roots:
        nodes = []
        write(root, nodes)
        trees.append([number for node in nodes for number in node])
    return dict(source=SOURCE, features=[names[f] for f in used], thresholds=[values[f] for f in used], trees=trees)


def inner(node):
    if "split_feature" in node:
        yield node
        yield from inner(node["left_child"])
        yield from inner(node["right_child"])


def dump(path, weights):
    text = json.dumps(weights, separators=(",", ":")) + "\n"
    path.write_text(text)
    print(f"{path.name}: {len(text)} bytes")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    main(Path(arguments[0] if arguments else "training"), "--write" in sys.argv)
