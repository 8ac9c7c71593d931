#!/usr/bin/env python3
"""
Makes scraper/extract/content/content-weights.json and page-type-weights.json from pages whose content is known: the development split of WCXB, the Web
Content eXtraction Benchmark of Murrough Foley (CC-BY-4.0), news in five languages from DAnIEL (Lejeune & Zhu 2018, GPL-3.0) and chapters of Debian's
manuals. The weights are numbers only; no text of the pages goes into them.

    node test/extraction/write-blocks.ts /tmp/training && python3 test/extraction/train.py /tmp/training [--write] [--without SET]

Needs numpy, lightgbm and scikit-learn, and a `node` of this project on the PATH. Prints word F1 by kind of page, collection and language of a five-fold
cross-validation in which no host is in two folds; with `--without SET` of the pages of that collection, the weights being made of the others. With
`--write` then trains on all pages and writes the weights. The same data and versions give the same weights.
"""
import json, re, subprocess, sys
from collections import Counter, defaultdict
from pathlib import Path

try:
    import lightgbm, numpy as np
    from sklearn.linear_model import LogisticRegression
except ImportError as missing:
    sys.exit(f"Training needs numpy, lightgbm and scikit-learn (pip install numpy lightgbm scikit-learn): {missing}")

SOURCE = "Trained on the development split of WCXB, the Web Content eXtraction Benchmark of Murrough Foley (CC-BY-4.0), on news of DAnIEL and on manuals of Debian; numbers only, no text of them."
FOLDS, FEATURES, TREES, CONTEXT_TREES = 5, 64, 85, 60
TREE = dict(objective="cross_entropy", learning_rate=0.1, num_leaves=31, max_bin=63, min_data_in_leaf=60, feature_fraction=0.3, bagging_fraction=0.7,
            bagging_freq=1, lambda_l2=1, seed=1, deterministic=True, num_threads=1, verbose=-1)  # fmt: skip
# Of a page with more blocks, the weightiest and a sample of the others are learnt from: what a page teaches is bounded by its words, its cost is not.
BLOCKS, WEIGHTIEST = 200, 80
# Below this expected F1 nothing is kept; and by page type, what the log-odds are multiplied by before blocks are chosen, both as in main-content.ts.
EXPECTED_F1_MIN = dict(article=0.15, documentation=0.15)
CHOICE = dict(collection=0.75, documentation=0.6, forum=0.75, listing=0.85, product=1.1, service=0.8)
# Kinds of page that are one text as a rule; the others are made of many parts: each sort has its expert.
TEXTS = ("article", "documentation")
# What stands around a block makes it at most so much likelier, in log-odds, as in main-content.ts.
CONTEXT_MAX = 1.5
# A word is a run of letters, or one character of a script that is written without spaces.
UNSPACED = "\u3400-\u9fff\u3041-\u30ff\u0e01-\u0edf\u1000-\u104a\u1780-\u17d3\u31f0-\u31ff\uf900-\ufaff\U00020000-\U00032000"
words_of = re.compile(f"[{UNSPACED}]|[^\\W{UNSPACED}]+").findall


def main(folder, write, without):
    if not (folder / "pages.jsonl").exists():
        return print(f"Nothing to train on: {folder} holds no pages.jsonl; node test/extraction/write-blocks.ts makes it", file=sys.stderr)
    names = json.loads((folder / "names.json").read_text())
    pages = [json.loads(line) for line in (folder / "pages.jsonl").open()]
    prepare(pages)
    data = Data(folder, pages, names)
    seen = np.array([page["set"] != without for page in pages])
    if len({page["page_type"] for page, is_seen in zip(pages, seen) if is_seen}) < 3:
        return print(f"Nothing to learn from: without {without} there are pages of fewer than three kinds", file=sys.stderr)
    text_shares = decide_types(pages, names["signs"], seen)
    columns = best_columns(data, seen)
    likelihoods = experts_of(data, seen, columns, text_shares)
    context = context_of(folder, likelihoods, len(names["context"]))
    predicted = np.zeros(len(data.y))
    if seen.all():
        for k in range(FOLDS):
            fold = data.blocks_of(np.array([page["fold"] == k for page in pages]))
            predicted[fold] = train(context, data, ~fold & data.sampled, CONTEXT_TREES).predict(context[fold])
    else:
        predicted = train(context, data, data.blocks_of(seen) & data.sampled, CONTEXT_TREES).predict(context)
    scored = pages if seen.all() else [page for page in pages if page["set"] == without]
    own = context[:, names["context"].index("likelihood")]
    predicted = 1 / (1 + np.exp(-np.minimum(np.log(predicted / (1 - predicted)), own + CONTEXT_MAX)))
    print("word F1", by_kind(scored, predicted))
    np.save(folder / "predicted.npy", predicted)
    print("share of right page types", by(scored, lambda page: page["decided"] == page["page_type"]))
    if write:
        here = Path(__file__).parents[2] / "scraper" / "extract" / "content"
        everything = np.ones(len(data.y), bool) & data.sampled
        pick = [names["features"][c] for c in columns]
        text, other = (train(data.X[:, columns], data, everything & kind, TREES) for kind in (data.is_text, ~data.is_text))
        whole = train(context, data, everything, CONTEXT_TREES)
        experts = dict(text=trees_of(text, pick), other=trees_of(other, pick))
        used = [name for name in pick if any(name in expert["features"] for expert in experts.values())]
        dump(here / "content-weights.json", dict(source=SOURCE, features=used, **experts, context=trees_of(whole, names["context"])))
        dump(here / "page-type-weights.json", page_type_weights(pages, names["signs"]))


class Data:
    """What is known of every block, a row a block."""

    def __init__(self, folder, pages, names):
        self.X = np.fromfile(folder / "features.f32", dtype=np.float32).reshape(-1, len(names["features"]))
        self.y = np.concatenate([page["share"] for page in pages])
        self.weight = np.concatenate([page["weight"] for page in pages])
        self.page = np.concatenate([np.full(len(page["blocks"]), i) for i, page in enumerate(pages)])
        self.fold = np.array([page["fold"] for page in pages])
        self.is_text = self.blocks_of(np.array([page["page_type"] in TEXTS for page in pages]))
        self.sampled = np.zeros(len(self.y), bool)
        random = np.random.RandomState(3)
        for page in pages:
            start, count = page["start"], len(page["blocks"])
            if count <= BLOCKS:
                self.sampled[start : start + count] = True
                continue
            order = np.argsort(-self.weight[start : start + count], kind="stable")
            rest = start + random.choice(order[WEIGHTIEST:], BLOCKS - WEIGHTIEST, replace=False)
            self.sampled[start + order[:WEIGHTIEST]] = self.sampled[rest] = True
            self.weight[rest] *= (count - WEIGHTIEST) / (BLOCKS - WEIGHTIEST)

    def blocks_of(self, pages):
        return pages[self.page]


def train(X, data, rows, trees):
    labelled = lightgbm.Dataset(X[rows], data.y[rows], weight=data.weight[rows], params=dict(max_bin=TREE["max_bin"]))
    return lightgbm.train(TREE, labelled, trees)


def best_columns(data, seen):
    """Each feature costs time on every block: those that a model of all of them gains most from are used, of texts and of others."""
    found = set()
    for kind in (data.is_text, ~data.is_text):
        gain = train(data.X, data, data.blocks_of(seen) & data.sampled & kind, 40).feature_importance("gain")
        found.update(np.argsort(-gain, kind="stable")[:FEATURES])
    return np.array(sorted(found))


def experts_of(data, seen, columns, text_shares):
    """The likelihood of every block, by experts that have not seen its page."""
    X, likelihoods = data.X[:, columns], np.zeros(len(data.y))
    for k in [*range(FOLDS), None]:
        known = seen & (data.fold != k) if k is not None else seen
        asked = seen & (data.fold == k) if k is not None else ~seen
        rows, at = data.blocks_of(known) & data.sampled, data.blocks_of(asked)
        if not at.any():
            continue
        share = text_shares[data.page[at]]
        text, other = (train(X, data, rows & kind, TREES).predict(X[at]) for kind in (data.is_text, ~data.is_text))
        likelihoods[at] = share * text + (1 - share) * other
    return likelihoods


def context_of(folder, likelihoods, width):
    """What the likelihoods say of the context of each block, read by the code that will read it."""
    (folder / "likelihoods.f64").write_bytes(likelihoods.tobytes())
    subprocess.run(["node", str(Path(__file__).parent / "write-blocks.ts"), str(folder)], check=True)
    (folder / "likelihoods.f64").unlink()
    return np.fromfile(folder / "context.f32", dtype=np.float32).reshape(-1, width)


def prepare(pages):
    """Adds to each page the words of its blocks, the share of them that is true content, their weight and the page's fold."""
    hosts = sorted({page["host"] for page in pages})
    np.random.RandomState(0).shuffle(hosts)
    folds = {host: i % FOLDS for i, host in enumerate(hosts)}
    start = 0
    for page in pages:
        page["blocks"] = [words_of(text.lower()) for text in page.pop("texts")]
        page["truth"] = words_of((page["main_content"] or "").lower())
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


def choose(scores, lengths, expected_f1_min):
    """The blocks with the best expected F1 over words, as main-content.ts chooses them."""
    order = np.argsort(-scores, kind="stable")
    right, words = np.cumsum(scores[order] * lengths[order]), np.cumsum(lengths[order])
    f1 = 2 * right / np.maximum(words + (scores * lengths).sum(), 1e-9)
    if len(f1) == 0 or f1.max() < expected_f1_min:
        return []
    return order[: int(np.argmax(f1)) + 1]


def by_kind(pages, predicted):
    return by(pages, lambda page: f1_of(page, predicted[page["start"] : page["start"] + len(page["blocks"])].copy()))


def f1_of(page, scores):
    scores[page["filler"]] = 0
    kept = choose(sharpened(scores, CHOICE.get(page["decided"], 1)), np.array(page["words"], float), EXPECTED_F1_MIN.get(page["decided"], 0.3))
    text, truth = [word for i in kept for word in page["blocks"][i]], page["truth"]
    same = sum((Counter(text) & Counter(truth)).values())
    return (0.0 if text else 1.0) if not truth else 2 * same / (len(text) + len(truth))


def by(pages, measure):
    """Means over all pages, by collection and in it by kind or language."""
    found = defaultdict(list)
    for page in pages:
        value = measure(page)
        for key in ("all", page["set"], f"{page['set']}/{page['page_type'] if page['set'] == 'wcxb' else page['lang']}"):
            found[key].append(value)
    return {key: round(float(np.mean(values)), 4) for key, values in sorted(found.items())}


def type_data(pages):
    types = sorted({page["page_type"] for page in pages})
    return np.array([page["signs"] for page in pages], float), np.array([types.index(page["page_type"]) for page in pages]), types


# Signs that old or plain pages lack: they are taken from copies of the pages, so that the others are learnt too.
OFTEN_LACKING = ("url_", "host_", "ld_", "og_", "generator_", "root_", "path_", "long_number", "slug_", "query", "html_")
SAID = ("dates", "cart", "replies", "results", "more", "contact", "prices", "price_share")
NAMED = ("messages", "users", "items", "price_parts", "code_parts", "prose_parts", "comment_parts", "review_parts", "contents_parts")


def fit_types(X, y, signs):
    """A sign counts between its 5th and 95th percentile only, so that a page unlike all others, a very short one say, is not judged by one sign alone."""
    random = np.random.RandomState(0)
    groups = [([i for i, sign in enumerate(signs) if sign.startswith(names) and (names is OFTEN_LACKING or sign in names)], share)
              for names, share in ((OFTEN_LACKING, 0.7), (SAID, 0.5), (NAMED, 0.5))]  # fmt: skip
    copies = [X.copy(), X.copy()]
    for copy in copies:
        chance = random.rand(len(copy), len(groups))
        for g, (columns, share) in enumerate(groups):
            copy[np.ix_(np.nonzero(chance[:, g] < share)[0], columns)] = 0
    X, y = np.concatenate([X, *copies]), np.concatenate([y] * 3)
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
    return dict(types=model.classes_, least=least, most=most, weights=weights - weights.mean(0), bias=bias - bias.mean())


def decide_types(pages, signs, seen):
    """Gives each page the type that a model which has not seen it decides on. @returns how likely each is one text"""
    X, y, types = type_data(pages)
    fold, shares = np.array([page["fold"] for page in pages]), np.zeros(len(pages))
    for k in [*range(FOLDS), None]:
        known, asked = (seen & (fold != k), seen & (fold == k)) if k is not None else (seen, ~seen)
        if not asked.any():
            continue
        fit = fit_types(X[known], y[known], signs)
        for at in np.nonzero(asked)[0]:
            logits = fit["weights"] @ np.clip(X[at], fit["least"], fit["most"]) + fit["bias"]
            pages[at]["decided"] = types[fit["types"][int(logits.argmax())]]
            chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
            shares[at] = sum(chances[list(fit["types"]).index(types.index(kind))] for kind in TEXTS)
    return shares


def page_type_weights(pages, signs):
    X, y, types = type_data(pages)
    fit = fit_types(X, y, signs)
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
    arguments = sys.argv[1:]
    without = arguments.pop(arguments.index("--without") + 1) if "--without" in arguments else None
    folders = [argument for argument in arguments if not argument.startswith("--")]
    main(Path(folders[0] if folders else "training"), "--write" in arguments, without)
