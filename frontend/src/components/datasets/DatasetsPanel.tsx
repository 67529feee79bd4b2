export function DatasetsPanel() { return null; }
