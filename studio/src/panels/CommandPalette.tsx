export default function CommandPalette(_props: { onClose: () => void }) { return null; }
