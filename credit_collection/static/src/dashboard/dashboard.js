import { Component, onWillStart, useState } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { DashboardChart } from "./dashboard_chart";
import { formatFigure } from "./dashboard_format";

/** The figures of a day, a section at a time: each is shown as soon as it is there. */
export class CollectionDashboard extends Component {
    static template = "credit_collection.Dashboard";
    static components = { DashboardChart, DateTimeInput, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.format = formatFigure;
        this.display = { controlPanel: {} };
        this.state = useState({
            date: null,
            today: null,
            lastMonth: null,
            currencyId: 0,
            sections: [],
            loaded: {},
        });
        useSetupAction({ getLocalState: () => ({ date: this.state.date }) });
        onWillStart(() => this.load(this.props.state?.date || false));
    }

    get date() {
        return deserializeDate(this.state.date);
    }

    get tiles() {
        return this.collect("tiles");
    }

    get charts() {
        return this.collect("charts");
    }

    get tables() {
        return this.collect("table");
    }

    get isLoading() {
        return this.state.sections.some((name) => !this.state.loaded[name]);
    }

    collect(part) {
        return this.state.sections.flatMap((name) => this.state.loaded[name]?.[part] || []);
    }

    async load(date) {
        const frame = await this.orm.call("credit.collection.dashboard", "get_sections", [date]);
        Object.assign(this.state, {
            date: frame.date,
            today: frame.today,
            lastMonth: frame.last_month,
            currencyId: frame.currency_id,
            sections: frame.sections,
            loaded: {},
        });
        frame.sections.forEach((name) => this.loadSection(name, frame.date));
    }

    async loadSection(name, date) {
        const section = await this.orm.call("credit.collection.dashboard", "get_section", [
            name,
            date,
        ]);
        if (date === this.state.date) {
            this.state.loaded[name] = section;
        }
    }

    onDate(date) {
        if (date && serializeDate(date) !== this.state.date) {
            this.load(serializeDate(date));
        }
    }

    open(action) {
        return this.action.doAction(action);
    }
}

registry.category("actions").add("credit_collection_dashboard", CollectionDashboard);
