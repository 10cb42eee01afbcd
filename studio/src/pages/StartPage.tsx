export default function StartPage(_props: Record<string, unknown>) { return null; }
