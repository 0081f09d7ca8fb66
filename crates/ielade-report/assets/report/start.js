// Sets everything up. All text and all tables are there without it.

setUpTheme();
setUpSorting();
setUpCopying();
setUpColumns();
setUpFilter();
setUpCharts();
setUpPrinting();
root.dataset.ready = "";
