/**
 * @file  base/banned.h
 * @brief Turns libc calls that cannot be used safely into compile errors.
 */
#ifndef HEP_BASE_BANNED_H
#define HEP_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GNUC__
#pragma GCC poison strcpy strcat sprintf vsprintf atoi atol atof strtok gets rand srand
#endif

#endif
