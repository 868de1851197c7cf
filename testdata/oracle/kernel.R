# Kernel densities by spatstat, printed as JSON: Rscript kernel.R > kernel.json
# (Debian: r-cran-spatstat.explore.) Invented points; metres.
#
# spatstat names a kernel's width by its standard deviation, which for the quartic kernel of radius h is h/√8. It sums over
# points exactly only at the points themselves. The share of the kernel inside the window it takes from an image, by Fourier
# transform; its pixels are 2 m here.
suppressMessages({library(spatstat.geom); library(spatstat.explore)})
h <- 900
window <- owin(poly = list(list(x = c(0, 4000, 4000, 2600, 2600, 1400, 1400, 0), y = c(0, 0, 3000, 3000, 1200, 1200, 3000, 3000))))
set.seed(7)
x <- round(c(runif(45, 0, 4000), rnorm(45, 3200, 300), rnorm(30, 700, 200)))
y <- round(c(runif(45, 0, 3000), rnorm(45, 2400, 400), rnorm(30, 300, 150)))
inside <- inside.owin(x, y, window)
points <- unique(ppp(x[inside], y[inside], window = window))
exact <- density(points, sigma = h / sqrt(8), kernel = "quartic", edge = FALSE, at = "points", leaveoneout = FALSE)
image <- second.moment.calc(points, sigma = h / sqrt(8), kernel = "quartic", what = "edge", dimyx = c(1500, 2000))
numbers <- function(v, digits) paste(formatC(v, digits = digits, format = "g", width = 1), collapse = ", ")
cat("{\n")
cat(sprintf(' "about": "Densities by the quartic kernel at points in a window of the shape of a U, and the share of the kernel inside it; metres.",\n'))
cat(sprintf(' "how": "kernel.R: %s, spatstat.explore %s",\n', R.version.string, packageVersion("spatstat.explore")))
cat(sprintf(' "bandwidth": %g,\n', h))
cat(sprintf(' "window": [%s],\n', paste(sprintf("[%g, %g]", window$bdry[[1]]$x, window$bdry[[1]]$y), collapse = ", ")))
cat(sprintf(' "x": [%s],\n "y": [%s],\n', numbers(points$x, 6), numbers(points$y, 6)))
cat(sprintf(' "density": [%s],\n', numbers(exact, 15)))
cat(sprintf(' "share": [%s]\n}\n', numbers(image[points], 6)))
