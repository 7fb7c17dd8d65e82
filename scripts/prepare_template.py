"""Make a database a good template: complete in itself, and quick to open in a browser."""


def main(env, argv):
    # Odoo gives the first language that it loads to whoever is there: our users speak English
    env["res.partner"].with_context(active_test=False).search([]).lang = "en_US"
    parameters = env["ir.config_parameter"]
    # files inside the database: `createdb -T` then copies everything, no filestore is shared
    parameters.set_param("ir_attachment.location", "db")
    env["ir.attachment"].force_storage()
    # wkhtmltopdf has nothing to wait for on our pages; Odoo's default is a second for each call
    parameters.set_param("report.print_delay", "0")
    env.cr.commit()
    # the bundles of the web client, which every browser tour would otherwise build again
    env["ir.qweb"]._pregenerate_assets_bundles()
