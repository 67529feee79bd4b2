export function StatusBar() { return <footer className="h-7 shrink-0 border-t bg-panel" />; }
