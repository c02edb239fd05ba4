# Each library gets one name here and is linked by the one room that may include its headers.
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)

function(hep_dependency name)
  pkg_check_modules(HEP_${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(hep::${name} ALIAS PkgConfig::HEP_${name})
endfunction()

hep_dependency(zlib zlib)
hep_dependency(jansson jansson>=2.14)
hep_dependency(fyaml libfyaml>=0.7.12)
hep_dependency(crypto libcrypto)
hep_dependency(png libpng)
hep_dependency(gsl gsl>=2.7)
hep_dependency(qhull qhull_r)
hep_dependency(fftw fftw3)

# nifticlib 3.0 in Debian has no pkg-config file.
find_path(HEP_NIFTI_INCLUDE nifti2_io.h PATH_SUFFIXES nifti REQUIRED)
find_library(HEP_NIFTI_LIB nifti2 REQUIRED)
find_library(HEP_ZNZ_LIB znz REQUIRED)
add_library(hep_nifti INTERFACE)
target_include_directories(hep_nifti SYSTEM INTERFACE ${HEP_NIFTI_INCLUDE})
target_link_libraries(hep_nifti INTERFACE ${HEP_NIFTI_LIB} ${HEP_ZNZ_LIB} m)
add_library(hep::nifti ALIAS hep_nifti)

if(HEP_TESTS)
  hep_dependency(cmocka cmocka>=1.1.5)
endif()
