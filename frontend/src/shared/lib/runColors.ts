/** One colour a run, in the order of their choice. */
export const RUN_COLORS = [
  "--accent",
  "--wire-layer",
  "--wire-result",
  "--wire-optimizer",
  "--wire-loader",
  "--wire-model",
];
