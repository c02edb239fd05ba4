#include "image/png.h"

#include <math.h>

#define MAP_MAX 10

struct map {
    int n;
    struct hep_rgb colours[MAP_MAX]; /* evenly spaced from 0 to 1 */
};

static const struct map maps[] = {
    [HEP_CMAP_GREY] = { 2, { { 0, 0, 0 }, { 255, 255, 255 } } },
    [HEP_CMAP_VIRIDIS] = { 10,
                           { { 0x44, 0x01, 0x54 },
                             { 0x48, 0x28, 0x78 },
                             { 0x3e, 0x4a, 0x89 },
                             { 0x31, 0x68, 0x8e },
                             { 0x26, 0x82, 0x8e },
                             { 0x1f, 0x9e, 0x89 },
                             { 0x35, 0xb7, 0x79 },
                             { 0x6d, 0xcd, 0x59 },
                             { 0xb4, 0xde, 0x2c },
                             { 0xfd, 0xe7, 0x25 } } },
    [HEP_CMAP_CIVIDIS] = { 10,
                           { { 0x00, 0x20, 0x4d },
                             { 0x00, 0x33, 0x6f },
                             { 0x39, 0x48, 0x6b },
                             { 0x57, 0x5c, 0x6d },
                             { 0x70, 0x71, 0x73 },
                             { 0x8a, 0x87, 0x79 },
                             { 0xa6, 0x9d, 0x75 },
                             { 0xc4, 0xb5, 0x6c },
                             { 0xe4, 0xcf, 0x5b },
                             { 0xff, 0xea, 0x46 } } },
    [HEP_CMAP_DIVERGING] = { 9,
                             { { 0x21, 0x66, 0xac },
                               { 0x43, 0x93, 0xc3 },
                               { 0x92, 0xc5, 0xde },
                               { 0xd1, 0xe5, 0xf0 },
                               { 0xf7, 0xf7, 0xf7 },
                               { 0xfd, 0xdb, 0xc7 },
                               { 0xf4, 0xa5, 0x82 },
                               { 0xd6, 0x60, 0x4d },
                               { 0xb2, 0x18, 0x2b } } },
};

static uint8_t between(uint8_t a, uint8_t b, double f)
{
    return (uint8_t)(a + f * (b - a) + 0.5);
}

struct hep_rgb hep_colormap(enum hep_colormap map, double x)
{
    const struct map *m = &maps[map];
    double at;
    int i;
    struct hep_rgb a;
    struct hep_rgb b;

    if (isnan(x))
        return (struct hep_rgb){ 40, 40, 40 };
    at = fmin(fmax(x, 0.0), 1.0) * (m->n - 1);
    i = (int)at < m->n - 1 ? (int)at : m->n - 2;
    a = m->colours[i];
    b = m->colours[i + 1];
    at -= i;
    return (struct hep_rgb){ between(a.r, b.r, at), between(a.g, b.g, at), between(a.b, b.b, at) };
}
