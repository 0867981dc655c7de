// The extension that holds the in-host suites: the host that runs a suite is that of the extension whose folder holds it.
exports.activate = () => {};
