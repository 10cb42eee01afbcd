export default function RunsPage(_props: Record<string, unknown>) { return null; }
