/** The kinds of panels that the dashboard is made of, each from a query: what is the same in all of one kind. */
import { PanelBuilder as BarChartBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
	GraphDrawStyle,
	LegendDisplayMode,
	LegendPlacement,
	SortOrder,
	StackingMode,
	TooltipDisplayMode,
	VisibilityMode,
	VizLegendOptionsBuilder,
	VizTooltipOptionsBuilder,
	StackingConfigBuilder,
	VizOrientation,
	type DataSourceRef,
} from '@grafana/grafana-foundation-sdk/common';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

import type { PanelQuery } from '../adapters/postgres/panels/panel';
import { POSTGRES_TYPE, SqlQueryBuilder } from './sql-query';

/** Whichever the reader chose. */
export const DATASOURCE: DataSourceRef = { type: POSTGRES_TYPE, uid: '${datasource}' };

export interface PanelText {
	title: string;
	/** How to read it, behind the panel's (i). */
	description: string;
	/** Of 24. */
	width: number;
	height?: number;
	unit: string;
}

interface Described {
	title(title: string): this;
	description(description: string): this;
	datasource(datasource: DataSourceRef): this;
	span(width: number): this;
	height(height: number): this;
	unit(unit: string): this;
	noValue(text: string): this;
	withTarget(target: SqlQueryBuilder): this;
}

function described<P extends Described>(panel: P, query: PanelQuery, text: PanelText): P {
	return panel
		.title(text.title)
		.description(text.description)
		.datasource(DATASOURCE)
		.span(text.width)
		.height(text.height ?? 8)
		.unit(text.unit)
		.noValue('nothing in this time')
		.withTarget(new SqlQueryBuilder(query.sql, query.format, DATASOURCE));
}

const legend = (): VizLegendOptionsBuilder =>
	new VizLegendOptionsBuilder()
		.displayMode(LegendDisplayMode.List)
		.placement(LegendPlacement.Bottom)
		.showLegend(true);

const tooltip = (): VizTooltipOptionsBuilder =>
	new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);

/** Measured: lines with gaps where nothing is known. Readings come once a minute, so finer buckets would be empty. */
export function lines(query: PanelQuery, text: PanelText): TimeSeriesBuilder {
	return described(new TimeSeriesBuilder(), query, text)
		.interval('1m')
		.drawStyle(GraphDrawStyle.Line)
		.lineWidth(2)
		.fillOpacity(0)
		.showPoints(VisibilityMode.Auto)
		.spanNulls(3_600_000)
		.legend(legend())
		.tooltip(tooltip());
}

/** Counted: stacked bars. */
export function stackedBars(query: PanelQuery, text: PanelText): TimeSeriesBuilder {
	return described(new TimeSeriesBuilder(), query, text)
		.interval('5m')
		.maxDataPoints(60)
		.drawStyle(GraphDrawStyle.Bars)
		.fillOpacity(80)
		.lineWidth(0)
		.min(0)
		.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
		.legend(legend())
		.tooltip(tooltip());
}

/** One figure for each name. */
export function namedBars(query: PanelQuery, text: PanelText, name: string): BarChartBuilder {
	return described(new BarChartBuilder(), query, text)
		.xField(name)
		.orientation(VizOrientation.Horizontal)
		.showValue(VisibilityMode.Always)
		.legend(new VizLegendOptionsBuilder().showLegend(false))
		.tooltip(tooltip());
}

export interface FieldText {
	name: string;
	unit?: string;
	title?: string;
	hidden?: boolean;
}

/** Several figures for each name. */
export function table(
	query: PanelQuery,
	text: PanelText,
	fields: readonly FieldText[],
): TableBuilder {
	return fields.reduce(
		(panel, field) => panel.overrideByName(field.name, propertiesOf(field)),
		described(new TableBuilder(), query, text),
	);
}

export function propertiesOf({ unit, title, hidden }: FieldText): { id: string; value: unknown }[] {
	return [
		...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
		...(title === undefined ? [] : [{ id: 'displayName', value: title }]),
		...(hidden === true ? [{ id: 'custom.hideFrom', value: HIDDEN }] : []),
	];
}

const HIDDEN = { legend: true, tooltip: true, viz: true };

/** One figure of a row with many. */
export function stat(query: PanelQuery, text: PanelText, field: string): StatBuilder {
	return described(new StatBuilder(), query, { height: 4, ...text }).withTransformation({
		id: 'filterFieldsByName',
		options: { include: { names: [field] } },
	});
}

/** What was the case when, for each name. */
export function states(query: PanelQuery, text: PanelText): StateTimelineBuilder {
	return described(new StateTimelineBuilder(), query, text)
		.interval('1m')
		.withTransformation({ id: 'partitionByValues', options: { fields: ['metric'] } })
		.legend(legend());
}

export type AnyPanel = Builder<Panel>;
