export default function FlowPage(_props: Record<string, unknown>) { return null; }
