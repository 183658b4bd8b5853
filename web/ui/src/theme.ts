// Light, dark, or as the system says. The choice is this browser's and is kept in it.

export type Theme = 'system'|'light'|'dark';
const key = 'bivy-theme';

export function theme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system'; // storage is switched off
  }
}

export function setTheme(choice: Theme): void {
  try {
    if (choice === 'system')
      localStorage.removeItem(key);
    else
      localStorage.setItem(key, choice);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
  applyTheme(choice);
}

export function applyTheme(choice: Theme = theme()): void {
  if (choice === 'system')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = choice;
}
