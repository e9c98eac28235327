"""Other people's training commands as trials: described, started, followed, stopped.

registry     the ready commands by name; `adapters` has what each takes
validate     a spec's command checked; `description` is what a plan holds of it
recipe, job  one trial's command line, folder and environment
supervisor   the process that holds a trial's processes; `launcher` is the worker's end of it
metric_tail  its metrics while it runs
worker       all of it together, as a `TrialRun`
interpreter  a script of ours in another interpreter: `lerobot_episodes`, `lerobot_probes`
"""
