import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const dashboard = ".o_credit_collection_dashboard";
const tile = (key) => `${dashboard} .o_credit_collection_tile[data-key=${key}]`;
const back = {
    content: "Back to the dashboard",
    trigger: ".o_back_button, .breadcrumb-item a",
    run: "click",
};

registry.category("web_tour.tours").add("credit_collection_month_end", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "credit_collection.credit_collection_menu_root",
            "Open Collections",
        ),
        {
            content: "What was recovered, and what will come in?",
            trigger: ".o_menu_sections button:contains(Reporting)",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu a:contains(Dashboard)",
            run: "click",
        },
        {
            content: "The figures of today",
            trigger: `${dashboard} [data-date='2026-03-02']`,
        },
        {
            content: "The month is over",
            trigger: `${dashboard} .o_last_month`,
            run: "click",
        },
        {
            trigger: `${dashboard} [data-date='2026-02-28']`,
        },
        {
            content: "At its end 400 were overdue: 300 were paid since",
            trigger: `${tile("overdue")}:contains(400)`,
        },
        {
            content: "Which documents are these?",
            trigger: tile("overdue"),
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Late Payer Ltd):contains(300.00)",
        },
        back,
        {
            content: "The dashboard is still at the end of the month",
            trigger: `${dashboard} [data-date='2026-02-28']`,
        },
        {
            content: "What became of what was open a month before?",
            trigger: `${dashboard} [data-key=roll]:contains(Roll rates)`,
        },
        {
            content: "What each collector recovered",
            trigger: `${dashboard} [data-key=collectors] tbody tr:contains(Mitchell)`,
        },
        {
            content: "Which of my customers are late, by age?",
            trigger: ".o_menu_sections button:contains(Reporting)",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu a:contains(Aged Balance)",
            run: "click",
        },
        {
            content: "Today: the payment of March is there",
            trigger: ".o_pivot td.o_pivot_cell_value:contains(100.00)",
        },
        {
            content: "And at the end of last month?",
            trigger: ".o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            trigger: ".o_filter_menu .o_menu_item:contains(End of Last Month)",
            run: "click",
        },
        {
            trigger: ".o_facet_value:contains(End of Last Month)",
        },
        {
            content: "What comes in during the next weeks",
            trigger: ".o_menu_sections button:contains(Reporting)",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu a:contains(Cash Forecast)",
            run: "click",
        },
        {
            trigger: ".o_graph_view .o_graph_canvas_container canvas",
        },
    ],
});
