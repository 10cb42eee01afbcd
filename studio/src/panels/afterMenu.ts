/**
 * Do something once a menu is closed. A closing menu gives the focus back to its button, which would take it from a
 * dialog that opens in the same moment.
 */
export const afterMenu = (act: () => void) => (): void => void window.setTimeout(act, 40);
