"""Makes test/fixtures/gptq.json: what GPTQ makes of a small matrix, by its formulas in NumPy (arXiv 2210.17323, algorithm 1 without
blocks): the inverse of the damped Hessian, its Cholesky factor, and a row of updates for each column. Groups of 32 have a scale and a zero point of
4 bits; they are chosen when their first column is reached.

    python3 scripts/parity/gptq.py        (needs numpy)
"""

import json
import pathlib

import numpy as np

ROWS, COLUMNS, TOKENS, GROUP, MOST = 5, 96, 150, 32, 15
DAMPING = 0.01

# Numbers without a pattern, which TypeScript computes in the same way.
W = np.sin(1.7 * np.arange(ROWS * COLUMNS) ** 1.5).reshape(ROWS, COLUMNS).astype(np.float32)
mixed = np.cos(2.3 * np.arange(TOKENS * COLUMNS) ** 1.5).reshape(TOKENS, COLUMNS)
# Neighbouring channels go together, and some are larger than others.
X = (mixed + 0.8 * np.roll(mixed, 1, axis=1)) * (1 + (np.arange(COLUMNS) % 7))


def fit(values):
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    scale = float(np.float16((high - low) / MOST))
    return scale, min(MOST, max(0, np.floor(-low / scale + 0.5)))


def rounded(value, scale, zero):
    integer = min(MOST, max(0, np.floor(zero + value / scale + 0.5)))
    return integer, scale * (integer - zero)


def main():
    products = X.T @ X
    H = products + DAMPING * np.mean(np.diag(products)) * np.eye(COLUMNS)
    U = np.linalg.cholesky(np.linalg.inv(H)).T
    rows, errors, nearest_errors = [], [], []
    for w in W:
        work, out, integers, groups = w.astype(np.float64).copy(), np.zeros(COLUMNS), [], []
        for j in range(COLUMNS):
            if j % GROUP == 0:
                scale, zero = fit(work[j : j + GROUP].astype(np.float32).astype(np.float64))
                groups.append([scale, int(zero)])
            integer, out[j] = rounded(work[j], scale, zero)
            integers.append(int(integer))
            work[j + 1 :] -= (work[j] - out[j]) / U[j, j] * U[j, j + 1 :]
        plain = np.concatenate(
            [[rounded(v, *fit(part))[1] for v in part] for part in w.astype(np.float64).reshape(-1, GROUP)]
        )
        errors.append(float(np.sum((X @ (w - out)) ** 2)))
        nearest_errors.append(float(np.sum((X @ (w - plain)) ** 2)))
        rows.append({"groups": groups, "integers": integers})
    path = pathlib.Path(__file__).parents[2] / "test/fixtures/gptq.json"
    path.write_text(json.dumps({"rows": rows, "errors": errors, "nearestErrors": nearest_errors}) + "\n")
    print(f"error {sum(errors):.4g}, rounded to nearest {sum(nearest_errors):.4g}")


main()
