export default function DataPage(_props: Record<string, unknown>) { return null; }
