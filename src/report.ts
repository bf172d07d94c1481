// What shows a run to people, imported as "coppice/report": it reads events and outcomes and loads neither the addon nor the
// manager.

export { type Cell, type Column, layColumns } from "./report/columns.js";
export { duration } from "./report/duration.js";
export { explainOutcomes } from "./report/explanation.js";
export { outcomeTable, type TableOptions } from "./report/outcome-table.js";
export { type Progress, type ProgressOptions, showProgress } from "./report/progress.js";
export type { EventSource } from "./report/progress-state.js";
export { recoveryLine, recoveryTable } from "./report/recovery-table.js";
export { repositoryLines } from "./report/repository-lines.js";
export { type Format, type Paint, paintFor, plain } from "./report/style.js";
export { type Tally, tally, tallyLine } from "./report/tally.js";
