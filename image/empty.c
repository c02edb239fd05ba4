/* placeholder removed when first source lands */ typedef int hep_image_empty;
