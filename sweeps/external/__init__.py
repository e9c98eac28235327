"""Other people's training commands as trials: asked, started, followed, stopped.

section     what a spec says of a command
places      `{kl_weight}` in its arguments
adapters    ready commands: lerobot-train, the ACT, RDT and HIL-SERL repositories
binding     a spec's command, checked, as something that a plan can hold
job         one trial's command line, folder and environment
supervisor  the process that holds a trial's processes; `processes` ends them
follow      its metrics while it runs
hosting     all of it together, as `sweeps.worker.training_loop` is for our own trainers
"""
