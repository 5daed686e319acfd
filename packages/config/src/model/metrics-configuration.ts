// The decoded `metrics` and `ping` sections of the static configuration, after defaults are applied.

export interface MetricsConfiguration {
  /** Also requests to services of the program itself. */
  readonly addInternals: boolean;
  /** Undefined: nothing is counted for it, and there is no page. */
  readonly prometheus?: PrometheusConfiguration;
}

export interface PrometheusConfiguration {
  /** Upper bounds in seconds, ascending. */
  readonly buckets: readonly number[];
  readonly addEntryPointsLabels: boolean;
  readonly addRoutersLabels: boolean;
  readonly addServicesLabels: boolean;
  /** Where the page is. */
  readonly entryPoint: string;
  /** No router is made: the configuration has one to `prometheus@internal`. */
  readonly manualRouting: boolean;
  /** Name of the label → name of the request field. */
  readonly headerLabels: Readonly<Record<string, string>>;
}

export interface PingConfiguration {
  readonly entryPoint: string;
  /** No router is made: the configuration has one to `ping@internal`. */
  readonly manualRouting: boolean;
  /** Status from the moment the program has been told to stop. */
  readonly terminatingStatusCode: number;
}
