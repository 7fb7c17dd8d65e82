import { Component, onWillStart, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getColor, getCustomColor, hexToRGBA } from "@web/core/colors/colors";
import { formatFigure, formatLabel, formatShort } from "./dashboard_format";

const SCHEME = cookie.get("color_scheme");
const COLORS = {
    plain: getColor(0, SCHEME, "sm"),
    late: getColor(1, SCHEME, "sm"),
    real: getColor(2, SCHEME, "sm"),
};
const GRID_COLOR = getCustomColor(SCHEME, "#d8dadd", "#3C3E4B");
const LABEL_COLOR = getCustomColor(SCHEME, "#111827", "#E4E4E4");

/** Writes the figure above each bar, so that nobody has to point at it. */
const barValues = {
    id: "credit_collection_bar_values",
    afterDatasetsDraw(chart, _args, { kind }) {
        const { ctx } = chart;
        ctx.save();
        ctx.font = `500 11px ${getComputedStyle(document.body).fontFamily}`;
        ctx.fillStyle = LABEL_COLOR;
        ctx.textAlign = "center";
        chart.data.datasets.forEach((dataset, index) => {
            if (dataset.type === "line") {
                return;
            }
            chart.getDatasetMeta(index).data.forEach((bar, position) => {
                const value = dataset.data[position];
                if (value && bar.width > 14) {
                    const isBelow = value < 0;
                    ctx.textBaseline = isBelow ? "top" : "bottom";
                    ctx.fillText(formatShort(value, kind), bar.x, bar.y + (isBelow ? 3 : -3));
                }
            });
        });
        ctx.restore();
    },
};

export class DashboardChart extends Component {
    static template = "credit_collection.DashboardChart";
    static props = { chart: Object, currencyId: Number, onOpen: Function };

    setup() {
        this.canvasRef = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                if (!this.canvasRef.el) {
                    return;
                }
                const chart = new Chart(this.canvasRef.el, this.getConfig());
                return () => chart.destroy();
            },
            () => [this.props.chart],
        );
    }

    get bars() {
        return this.props.chart.bars;
    }

    get isEmpty() {
        return !this.bars.some((bar) => bar.value || bar.line);
    }

    getConfig() {
        const { chart, currencyId } = this.props;
        const hasLine = chart.type !== "bar";
        return {
            type: "bar",
            data: { labels: this.bars.map(formatLabel), datasets: this.getDatasets() },
            options: {
                maintainAspectRatio: false,
                layout: { padding: { top: 18 } },
                onClick: (_event, [element]) => {
                    if (element) {
                        this.props.onOpen(this.bars[element.index].action);
                    }
                },
                onHover: (event, [element]) => {
                    event.native.target.style.cursor = element ? "pointer" : "default";
                },
                plugins: {
                    legend: {
                        display: hasLine,
                        position: "bottom",
                        labels: { color: LABEL_COLOR, boxWidth: 12 },
                    },
                    tooltip: {
                        callbacks: {
                            label: ({ dataset, raw }) =>
                                ` ${formatFigure(raw, dataset.kind, currencyId)}`,
                        },
                    },
                    credit_collection_bar_values: { kind: chart.kind },
                },
                scales: this.getScales(),
            },
            plugins: [barValues],
        };
    }

    getDatasets() {
        const { chart } = this.props;
        const datasets = [
            {
                label: chart.bar_label,
                kind: chart.kind,
                data: this.bars.map((bar) => bar.value || 0),
                backgroundColor: this.bars.map(
                    (bar) => COLORS[chart.type === "trend" ? "late" : bar.tone || "plain"],
                ),
                maxBarThickness: 56,
                borderRadius: 2,
                order: 2,
            },
        ];
        if (chart.type === "pair") {
            datasets.push({
                label: chart.line_label,
                kind: chart.kind,
                data: this.bars.map((bar) => bar.line || 0),
                backgroundColor: COLORS.real,
                maxBarThickness: 56,
                borderRadius: 2,
                order: 2,
            });
        } else if (chart.type === "trend") {
            datasets.push({
                type: "line",
                label: chart.line_label,
                kind: "days",
                data: this.bars.map((bar) => bar.line),
                borderColor: COLORS.plain,
                backgroundColor: hexToRGBA(COLORS.plain, 0.2),
                pointRadius: 3,
                tension: 0.2,
                yAxisID: "line",
                order: 1,
            });
        }
        return datasets;
    }

    getScales() {
        const { chart } = this.props;
        const axis = (kind) => ({
            beginAtZero: true,
            border: { display: false },
            grid: { color: GRID_COLOR },
            ticks: {
                color: LABEL_COLOR,
                maxTicksLimit: 5,
                callback: (value) => formatShort(value, kind),
            },
        });
        const scales = {
            x: { grid: { display: false }, ticks: { color: LABEL_COLOR, maxRotation: 45 } },
            y: axis(chart.kind),
        };
        if (chart.type === "trend") {
            scales.line = { ...axis("days"), position: "right", grid: { display: false } };
        }
        return scales;
    }
}
