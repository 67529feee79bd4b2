"""Parameter groups: parts of a model that one optimizer node trains in different ways.

| Module | What it does |
|---|---|
| `weights` | what is known of each parameter: its name, shape, node and kind |
| `assignment` | which rule selects which parameters |
| `checks` | what is wrong with the rules, before a run |
| `grouped` | an optimizer of several others |
| `optimizer_node` | the base class of optimizers |
"""
