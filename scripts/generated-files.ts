import { configJsonSchema } from '../src/config/json-schema.ts'
import { optionTables } from '../src/config/option-table.ts'
import { DASHBOARD_FILES, renderDashboard } from '../src/dashboards/dashboard-files.ts'
import { metricsTable } from '../src/metrics/metrics-table.ts'
import { reportJsonSchema } from '../src/reports/report-schema.ts'
import { RULE_FILES, renderRuleFile } from '../src/rules/rule-files.ts'
import { benchTables } from './bench-tables.ts'
import { dashboardsKustomization, prometheusRuleManifest } from './kubernetes-files.ts'
import { composeDemoConfig } from './stack/compose-demo.ts'

/** A file of the repository, or a part of one, that is made from code. */
export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string
  /** The whole text of the file; `current` is what it holds now, '' where it is missing. */
  readonly render: (current: string) => string | Promise<string>
}

/** Everything that is generated. Add an entry here, and `npm run generate` writes it and CI checks it. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: 'config.schema.json', render: () => `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
  { path: 'report.schema.json', render: () => `${JSON.stringify(reportJsonSchema(), null, 2)}\n` },
  { path: 'docs/configuration.md', render: (current) => betweenMarkers(current, 'options', optionTables()) },
  { path: 'docs/metrics.md', render: (current) => betweenMarkers(current, 'metrics', metricsTable()) },
  { path: 'deploy/compose/demo.yml', render: composeDemoConfig },
  { path: 'bench/README.md', render: benchReadme },
  { path: 'deploy/kubernetes/prometheus-operator/prometheus-rule.yaml', render: prometheusRuleManifest },
  { path: 'grafana/kustomization.yaml', render: dashboardsKustomization },
  ...DASHBOARD_FILES.map((file) => ({ path: `grafana/dashboards/${file.name}`, render: () => renderDashboard(file) })),
  ...RULE_FILES.map((file) => ({ path: `prometheus/rules/${file.name}`, render: () => renderRuleFile(file) })),
]

function benchReadme(current: string): string {
  const parts = Object.entries(benchTables())
  return parts.reduce((text, [name, figures]) => betweenMarkers(text, name, figures), current)
}

/**
 * Replaces what stands between `<!-- generated: name -->` and `<!-- end: name -->`, and keeps the prose around it.
 * Throws where the markers are missing: a file without them would silently stop being generated.
 */
export function betweenMarkers(current: string, name: string, content: string): string {
  const start = `<!-- generated: ${name} -->`
  const end = `<!-- end: ${name} -->`
  const from = current.indexOf(start)
  const to = current.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`the markers "${start}" and "${end}" are missing. Put them where the text belongs`)
  return `${current.slice(0, from + start.length)}\n\n${content}\n\n${current.slice(to)}`
}
