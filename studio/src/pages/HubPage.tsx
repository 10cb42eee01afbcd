export default function HubPage(_props: Record<string, unknown>) { return null; }
