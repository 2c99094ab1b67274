/** Vigil's own topics, all under the prefix `VIGIL_APP`. */
export interface Topics {
  readonly alerts: string;
  readonly shadowAlerts: string;
  readonly signals: string;
  readonly late: string;
  readonly deadLetter: string;
  readonly control: string;
  readonly journal: string;
  readonly state: string;
  readonly rekey: string;
}

export function topicsOf(app: string): Topics {
  return {
    alerts: `${app}.alerts`,
    shadowAlerts: `${app}.shadow-alerts`,
    signals: `${app}.signals`,
    late: `${app}.late`,
    deadLetter: `${app}.dead-letter`,
    control: `${app}.control`,
    journal: `${app}.journal`,
    state: `${app}.state`,
    rekey: `${app}.rekey`,
  };
}
