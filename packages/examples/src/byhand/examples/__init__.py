"""Programs on real data, built from the four libraries of byhand.

Reading order: `breast_cancer` (a whole program on a page), `training` (what lies between two minibatches), `data`,
`datasets`, `checkpoints`; `compare` and `engines` (gradients side by side), `expressions` (formulas typed by a user);
`gpt2` (a transformer), `byte_pairs` (its tokens), `memory` (what it need not read twice), `glass` (what came after);
`cli` and `commands` (the command line).
"""

__all__: list[str] = []
