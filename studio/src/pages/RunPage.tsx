export default function RunPage(_props: Record<string, unknown>) { return null; }
