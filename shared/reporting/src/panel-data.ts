/** @file What the page's script knows of a panel beside the table behind it: this is in the figure's attribute `data-panels`, as JSON. */

export interface PanelData {
  title: string;
  /** What the vertical axis measures, with its unit. */
  y: string;
  logarithmic: boolean;
  /** The table's column of each line, counted from that of x; the number of its colour. */
  series: { column: number; color: number; label: string }[];
}
