export default function ShortcutList(_props: { onClose: () => void }) { return null; }
