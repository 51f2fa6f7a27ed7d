/** The colours that our pages use, as VS Code's own themes set them on `<html>`, and the class it gives `<body>`. */
export interface Theme {
  readonly name: 'light' | 'dark' | 'hc-dark' | 'hc-light';
  readonly bodyClass: string;
  readonly colors: Readonly<Record<string, string>>;
}

const FONT = { 'font-family': 'system-ui, "DejaVu Sans", sans-serif', 'font-size': '13px' };

export const THEMES: readonly Theme[] = [
  {
    name: 'light',
    bodyClass: 'vscode-light',
    colors: {
      ...FONT,
      foreground: '#3b3b3b',
      descriptionForeground: '#3b3b3b',
      'editor-background': '#ffffff',
      'editorWidget-background': '#f8f8f8',
      'widget-border': '#e5e5e5',
      focusBorder: '#005fb8',
      'textLink-foreground': '#005fb8',
      'input-background': '#ffffff',
      'list-hoverBackground': '#f2f2f2',
      'button-background': '#005fb8',
      'button-foreground': '#ffffff',
      'testing-iconPassed': '#388a34',
      'charts-blue': '#1a85ff',
      'charts-yellow': '#bf8803',
      'charts-orange': '#d18616',
      'list-errorForeground': '#b01011',
    },
  },
  {
    name: 'dark',
    bodyClass: 'vscode-dark',
    colors: {
      ...FONT,
      foreground: '#cccccc',
      descriptionForeground: '#9d9d9d',
      'editor-background': '#1f1f1f',
      'editorWidget-background': '#202020',
      'widget-border': '#313131',
      focusBorder: '#0078d4',
      'textLink-foreground': '#4daafc',
      'input-background': '#313131',
      'list-hoverBackground': '#2a2d2e',
      'button-background': '#0078d4',
      'button-foreground': '#ffffff',
      'testing-iconPassed': '#73c991',
      'charts-blue': '#3794ff',
      'charts-yellow': '#cca700',
      'charts-orange': '#d18616',
      'list-errorForeground': '#f88070',
    },
  },
  {
    name: 'hc-dark',
    bodyClass: 'vscode-high-contrast',
    colors: {
      ...FONT,
      foreground: '#ffffff',
      descriptionForeground: 'rgba(255, 255, 255, 0.7)',
      'editor-background': '#000000',
      'editorWidget-background': '#0c141f',
      contrastBorder: '#6fc3df',
      contrastActiveBorder: '#f38518',
      focusBorder: '#f38518',
      'textLink-foreground': '#21a6ff',
      'input-background': '#000000',
      'button-background': '#000000',
      'button-foreground': '#ffffff',
      'testing-iconPassed': '#73c991',
      'charts-blue': '#3794ff',
      'charts-yellow': '#cca700',
      'charts-orange': '#d18616',
      'list-errorForeground': '#f48771',
    },
  },
  {
    name: 'hc-light',
    bodyClass: 'vscode-high-contrast-light vscode-high-contrast',
    colors: {
      ...FONT,
      foreground: '#292929',
      descriptionForeground: 'rgba(41, 41, 41, 0.7)',
      'editor-background': '#ffffff',
      'editorWidget-background': '#ffffff',
      contrastBorder: '#0f4a85',
      contrastActiveBorder: '#006bbd',
      focusBorder: '#006bbd',
      'textLink-foreground': '#0f4a85',
      'input-background': '#ffffff',
      'button-background': '#0f4a85',
      'button-foreground': '#ffffff',
      'testing-iconPassed': '#007100',
      'charts-blue': '#1a85ff',
      'charts-yellow': '#bf8803',
      'charts-orange': '#d18616',
      'list-errorForeground': '#b5200d',
    },
  },
];

export function themeNamed(name: Theme['name']): Theme {
  return THEMES.find((theme) => theme.name === name) as Theme;
}
