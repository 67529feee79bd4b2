export function TrainingPanel() { return null; }
