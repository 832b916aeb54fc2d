/** What an alert is: a query that gives one number for each thing that can be wrong, and the number from which it is. */
import type { SourceTable } from '../panel';

export interface AlertQuery {
	/** As the file; stable: it becomes the rule's uid. */
	name: string;
	title: string;
	log: SourceTable;
	/** Text columns are labels, the one number is compared. No rows: nothing to judge, no alert. */
	sql: string;
	fires: 'above' | 'below';
	threshold: number;
	/** How far back the query looks, seconds. */
	rangeSeconds: number;
	/** How long it must hold before anybody is told, Grafana duration. */
	holdsFor: string;
	severity: 'warning' | 'critical';
	/** For a person; {{ $labels.x }} and {{ $values.A }} are Grafana's. */
	summary: string;
	/** What to do. */
	description: string;
}
